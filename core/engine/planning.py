"""Decides which runs train together, as stacks of equal shapes. Needs no torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, pairwise

from core.choices.base import Choice
from core.choices.models import Sizes
from core.choices.training import STREAM_SEEDS
from core.settings import RunSettings

MAX_ROWS = 64
"""The most runs in a stack: beyond it the time per run hardly falls, and segments would get long."""

MANY = 1000
"""Assumed number of examples in a full batch if only the data can tell it."""

EACH_ITS_OWN = {"optimizer", "schedule", "penalty", "clipping", "stopping", "pruning", "seed"}
"""Settings in which the runs of a stack may differ: the engine reads each run's own."""

EACH_ITS_OWN_OF = {
    "model": {"dropout", "input_dropout"},  # and the fields that the model lists as used only at the start
    "training": {
        *("epochs", "sampling", "evaluate_train", "evaluate_examples", "label_smoothing", "mixup", "input_noise", "gradient_noise"),
        *STREAM_SEEDS,
    },
    "distillation": {"teacher_epochs", "teacher_hidden", "teachers", "temperature", "weight", "hint"},
}
"""The fields within a choice in which the runs of a stack may differ. All other fields must agree, so that no run trains with another
run's value.
"""


def signature(run: RunSettings) -> str:
    """Equal for runs that one tensor program can train, with the same result as training each run alone."""
    training = run.training
    regularized = [bool(getattr(training, name)) for name in ("label_smoothing", "mixup", "input_noise", "gradient_noise")]
    epochs = training.epochs if training.evaluate_every else None  # a run's end is one more evaluation of the whole stack
    return json.dumps([common(run), regularized, epochs, run.key if run.optimizer.amplifies else ""])


def common(run: RunSettings) -> str:
    """The settings that all runs of a stack must share, as text, and the properties of the other settings that affect the whole stack."""
    own = {**EACH_ITS_OWN_OF, "model": EACH_ITS_OWN_OF["model"] | run.model.of_the_start}
    each_its_own = EACH_ITS_OWN | (set() if run.mistake.apart else {"mistake"})
    settings = {name: value for name, value in run.identity().items() if name not in each_its_own}
    for name, fields in own.items():
        chosen: Choice = getattr(run, name)
        settings[name] = {field: value for field, value in chosen.identity().items() if field not in fields}
    return json.dumps([settings, bool(run.model.dropouts()), measured_examples(run)], sort_keys=True)


def measured_examples(run: RunSettings) -> int | None:
    """The most training examples that each evaluation uses; None: all."""
    return {"all": None, "sample": run.training.evaluate_examples, "none": 0}[run.training.evaluate_train]


def plan(runs: Sequence[RunSettings], workers: int = 1) -> list[tuple[RunSettings, ...]]:
    """The stacks: runs with equal signatures together, at most `rows_at_most`. They are split until every worker has a stack, if possible.

    Runs with the same optimizer settings stay next to each other, because one optimizer updates them as one tensor.
    """
    groups: dict[str, list[RunSettings]] = {}
    for run in runs:
        groups.setdefault(signature(run), []).append(run)
    share = max(1, -(-workers // max(1, len(groups))))
    return [stack for group in groups.values() for stack in _split(group, share)]


def rows_at_most(run: RunSettings) -> int:
    """The most runs like this in a stack: fewer for networks that train more slowly together, if they train on the CPU."""
    if run.training.device == "cuda" or (run.training.device == "auto" and gpu_here()):
        return MAX_ROWS
    data, size = run.data, run.training.batch_size
    sizes = None if data.shape is None else Sizes(data.shape, 1, data.sequence)
    examples = (data.parts.train if data.parts else MANY) if size == "full" else size
    return run.model.rows_on_cpu(sizes, examples) or MAX_ROWS


@cache
def gpu_here() -> bool:
    """Whether this machine has an NVIDIA GPU, as far as can be told without torch. A wrong answer only makes stacks slower."""
    return shutil.which("nvidia-smi") is not None


def _split(runs: list[RunSettings], parts: int) -> list[tuple[RunSettings, ...]]:
    ordered = sorted(runs, key=group_key)
    pieces = max(min(parts, len(runs)), -(-len(runs) // rows_at_most(runs[0])))
    size, larger = divmod(len(ordered), pieces)
    starts = [piece * size + min(piece, larger) for piece in range(pieces + 1)]
    return [tuple(ordered[start:stop]) for start, stop in pairwise(starts)]


def group_key(run: RunSettings) -> str:
    """Equal for runs that one torch optimizer can update: equal optimizer (except a rate that is applied separately), schedule and
    length.
    """
    optimizer = run.optimizer.identity()
    if run.optimizer.rate_apart:
        optimizer.pop("lr", None)
    own = run.key if run.schedule.watches or run.pruning.rewind is not None else ""
    return json.dumps([optimizer, run.schedule.identity(), run.training.epochs, own], sort_keys=True)


def grouped_rows(runs: Sequence[RunSettings]) -> Iterator[tuple[str, slice]]:
    """(key, rows) of each group of neighbouring runs that one torch optimizer can update."""
    start = 0
    for key, members in groupby(runs, key=group_key):
        stop = start + len(list(members))
        yield key, slice(start, stop)
        start = stop
