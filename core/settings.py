"""RunSettings: all settings that decide a run, and the key of the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from core.choices.base import Choice, Seed
from core.choices.clipping import Clipping, NoClipping
from core.choices.distillation import Distillation, DistillationChoice, Hint, NoDistillation
from core.choices.losses import AutoLoss, Loss
from core.choices.mistakes import Mistake, NoMistake, SoftmaxTwice
from core.choices.models import Mlp, Model, Sizes, needs_two_examples
from core.choices.optimizers import Adam, Optimizer
from core.choices.penalties import Penalty
from core.choices.pruning import NoPruning, Pruning
from core.choices.schedules import Constant, Schedule
from core.choices.stopping import NoStopping, Stopping, StoppingChoice
from core.choices.training import STREAM_SEEDS, Training
from core.choices.words.refusals import InWords, SettingsError, explain
from core.data.sets import Data, Digits

__all__ = ["ENGINE_VERSION", "RunSettings", "SettingsError", "explain", "teachers_of"]

ENGINE_VERSION = 5
"""Part of every run's key. Raise it when the engine computes other numbers from the same settings."""


class RunSettings(InWords, Choice):
    """All settings of one run. Equal settings are the same run, with the same `key`. Invalid settings raise SettingsError."""

    data: Data = Digits()
    model: Model = Mlp()
    loss: Loss = AutoLoss()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    penalty: Annotated[Penalty, Field(json_schema_extra={"regularizes": True})] = Penalty()
    clipping: Clipping = NoClipping()
    stopping: Stopping = NoStopping()
    pruning: Pruning = NoPruning()
    distillation: Distillation = NoDistillation()
    training: Training = Training()
    mistake: Mistake = NoMistake()
    seed: Annotated[Seed, Field(description="Decides the initial weights, the order of the data, the dropout masks and the noise.")] = 0

    @cached_property
    def key(self) -> str:
        """Returns the run's identity: a hash (20 hex digits) of the settings that differ from their defaults, and of ENGINE_VERSION."""
        canonical = json.dumps([ENGINE_VERSION, self.identity()], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:20]

    @cached_property
    def text(self) -> str:
        """Returns all settings as JSON."""
        return self.model_dump_json()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Returns a copy with some fields changed, which are not validated; its key and text belong to the copy."""
        copy = super().model_copy(update=update, deep=deep)
        for cached in ("key", "text"):
            copy.__dict__.pop(cached, None)
        return copy

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        complaints = (
            self._model_complaint,
            self._penalty_complaint,
            self._hint_complaint,
            self._pruning_complaint,
            self._stopping_complaint,
            self._task_complaint,
            self._smoothing_complaint,
            self._batch_complaint,
            self._examples_complaint,
            self._bias_complaint,
            self._mistake_complaint,
        )
        if complaint := next(filter(None, (complain() for complain in complaints)), None):
            raise ValueError(complaint)
        return self

    def _model_complaint(self) -> str | None:
        """Checks if the settings decide the shape of an example; if the data decide it, the engine checks later."""
        sizes = self._sizes()
        return None if sizes is None else self.model.complaint(sizes)

    def _sizes(self) -> Sizes | None:
        data = self.data
        return None if data.shape is None else Sizes(data.shape, 1, data.sequence, data.targets)

    def _pruning_complaint(self) -> str | None:
        if self.pruning.epochs and self.pruning.epochs[-1] > self.training.epochs:
            return f"pruning.epochs: {self.pruning.epochs[-1]} is after the last of training.epochs = {self.training.epochs}"
        if self.pruning.by_unit and (not isinstance(self.model, Mlp) or self.model.skip):
            return "pruning.kind: units needs an mlp without skip connections, whose units belong to one layer each"
        return None

    def _penalty_complaint(self) -> str | None:
        """The average of weights that were each projected onto a constraint may itself violate the constraint."""
        cut = [name for name in ("l1_proximal", "l2_norm_proximal", "max_norm") if getattr(self.penalty, name)]
        if cut and self.optimizer.averaging:
            return (
                f"penalty.{cut[0]}: {self.optimizer.kind} ends with averaged weights, "
                "which may violate the constraint; choose another optimizer"
            )
        return None

    def _stopping_complaint(self) -> str | None:
        if self.data.validation_fraction > 0:
            return None
        if self.stopping.watching:
            return f"stopping.kind: {self.stopping.kind} needs validation data, but data.validation_fraction is 0; set it above 0"
        if self.schedule.watches:
            return f"schedule.kind: {self.schedule.kind} needs validation data, but data.validation_fraction is 0; set it above 0"
        return None

    def _smoothing_complaint(self) -> str | None:
        if self.training.label_smoothing and self.loss.hard:
            return f"training.label_smoothing: loss {self.loss.kind} is of one class an example; set it to 0, or choose cross_entropy"
        return None

    def _task_complaint(self) -> str | None:
        return self.task_complaint(self.data.task)

    def task_complaint(self, task: str) -> str | None:
        """Returns why these settings do not fit a classification or a regression; None if they do. For a table, only the data decide the
        task.
        """
        if task not in ("classification", "regression"):
            return None
        if self.loss.task not in (None, task):
            needs, fits = ("numbers", "cross_entropy or focal") if task == "classification" else ("classes", "squared, absolute or huber")
            return f"loss.kind: {self.loss.kind} needs {needs} to predict, but data {self.data.kind} is a {task}; choose {fits}"
        if self.mistake.task not in (None, task):
            return f"mistake.kind: {self.mistake.kind} needs a {self.mistake.task}, but data {self.data.kind} is a {task}"
        return self._regression_complaint() if task == "regression" else None

    def _regression_complaint(self) -> str | None:
        data = f"but data {self.data.kind} is a regression"
        if isinstance(self.distillation, DistillationChoice):
            return f"distillation.kind: {self.distillation.kind} needs classes, {data}"
        if self.training.label_smoothing:
            return f"training.label_smoothing: needs classes, {data}"
        if isinstance(self.stopping, StoppingChoice) and self.stopping.metric != "val_loss":
            return f"stopping.metric: {self.stopping.metric} needs classes, {data}; watch val_loss"
        return None

    def _hint_complaint(self) -> str | None:
        if isinstance(self.distillation, Hint) and not self.model.widths():
            return f"distillation.kind: hint needs a network with hidden layers, but {self.model.kind} has none"
        return None

    def _batch_complaint(self) -> str | None:
        if self.training.batch_size == 1 and needs_two_examples(self.model, self._sizes()):
            return "training.batch_size: batch norm needs at least 2 examples per batch, not 1"
        return None

    def _examples_complaint(self) -> str | None:
        """Checks if the settings decide the size of the training part; if the data decide it, the check is made when they are loaded."""
        wanted = self.training.examples
        parts = None if wanted is None else self.data.parts
        if wanted is None or parts is None or wanted <= parts.train:
            return None
        return f"training.examples: {wanted} of {parts.train} training examples; lower it, or leave it empty for all"

    def _bias_complaint(self) -> str | None:
        if self.model.init.bias and not self.model.bias:
            return "model.init.bias: the network has no biases, because model.bias is false; set model.bias to true, or init.bias to 0"
        return None

    def _mistake_complaint(self) -> str | None:
        """A mistake without an effect would look like correct code. A teacher has no mistake, so a student could not
        be compared with it.
        """
        if isinstance(self.mistake, NoMistake):
            return None
        if isinstance(self.distillation, DistillationChoice):
            return f"mistake.kind: {self.mistake.kind} cannot be combined with distillation; set distillation to none"
        complaint = self.mistake.complaint(self)
        return None if complaint is None else f"mistake.kind: {self.mistake.kind} has no effect: {complaint}"

    @property
    def objective(self) -> str:
        """Equal for runs whose logged training loss is the same quantity: the minimised loss without penalties."""
        own = [getattr(self.training, name) for name in ("label_smoothing", "mixup", "labelled")]
        own += [self.mistake.kind] if isinstance(self.mistake, SoftmaxTwice) else []
        return json.dumps([self.loss.identity(), *own, self.distillation.identity()], sort_keys=True)

    @property
    def teachers(self) -> tuple[RunSettings, ...]:
        """Returns the runs whose networks are this run's teachers: none without distillation.

        They use all labels, and each draws everything from its own seed, even if the run's streams have seeds of their own.
        """
        choice = self.distillation
        if isinstance(choice, NoDistillation):
            return ()
        model = choice.teacher_of(self.model)
        streams_of_their_own = dict.fromkeys(STREAM_SEEDS)
        training = self.training.model_copy(update={"epochs": choice.teacher_epochs, "labelled": 1.0} | streams_of_their_own)
        seeds = [(self.seed + number * TEACHER_STRIDE) % 2**32 for number in range(choice.teacher_count)]
        return tuple(RunSettings(data=self.data, model=model, training=training, seed=seed) for seed in seeds)


def teachers_of(runs: Iterable[RunSettings]) -> list[RunSettings]:
    """Returns the teachers of all the runs, each once."""
    return list({teacher.key: teacher for run in runs for teacher in run.teachers}.values())


TEACHER_STRIDE = 1_000_003
"""Distance between the seeds of an ensemble's teachers, so that they differ from the seeds of other runs."""
