"""The size of a run: examples, updates, inputs, outputs, parameters. Engine, estimates, limits and pages all ask here.

Needs no torch. The data are read only if nothing else tells the sizes, as for a user's table.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.choices.distillation import NoDistillation
from core.choices.models import Sizes
from core.data.splitting import labelled_count
from core.settings import RunSettings, SettingsError


@dataclass(frozen=True)
class Epoch:
    """The sizes of one epoch."""

    examples: int  # examples to draw from
    draws: int  # examples that are trained on
    micro: int  # the most examples in one forward pass
    batch: int  # examples that an update averages over; the last update of an epoch may have fewer
    updates: int


def epoch_of(run: RunSettings, examples: int) -> Epoch:
    """The sizes of an epoch for a run that draws from `examples` training examples."""
    training = run.training
    micro = examples if training.batch_size == "full" else min(training.batch_size, examples)
    draws = examples - examples % micro if training.drop_last else examples
    batch = min(micro * training.accumulation, draws)
    return Epoch(examples, draws, micro, batch, -(-draws // batch))


def epoch(run: RunSettings) -> Epoch:
    """The sizes of a run's epochs. Raises DataError if its data cannot be read."""
    return epoch_of(run, drawn_from(run))


def drawn_from(run: RunSettings) -> int:
    """The number of training examples that a run draws from: all, or only the labelled ones if no teacher labels the others."""
    from core.data.loading import load_data

    parts, outputs = run.data.parts, run.data.outputs
    if parts is None or outputs is None:
        split = load_data(run.data)
        examples, outputs = len(split.x_train), split.outputs
    else:
        examples = parts.train
    examples = min(examples, run.training.examples or examples)
    if run.training.labelled == 1 or not isinstance(run.distillation, NoDistillation):
        return examples
    single = run.data.targets == 1
    return labelled_count(examples, outputs if single else 1, run.training.labelled)


def sizes(run: RunSettings) -> Sizes:
    """The input and output sizes of the run's network. Raises DataError if its data cannot be read."""
    data = run.data
    if data.shape is not None and data.outputs is not None:
        return Sizes(data.shape, data.outputs, data.sequence, data.targets)
    from core.data.loading import load_data

    split = load_data(data)
    return Sizes(split.shape, split.outputs, split.sequence, split.targets)


def parameters(run: RunSettings) -> int:
    """The number of parameters of the run's network. Raises SettingsError if it does not go with the data, DataError as `sizes`."""
    ends = sizes(run)
    if complaint := run.model.complaint(ends):
        raise SettingsError(complaint)
    return run.model.parameter_count(ends)


def multiply_adds(run: RunSettings) -> int:
    """Multiply-adds of one example's forward pass. Raises the same errors as `parameters`."""
    parameters(run)
    return sum(run.model.multiply_adds(sizes(run)).values())
