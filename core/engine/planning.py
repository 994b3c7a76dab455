"""Which runs train together: stacks of the same shapes. Needs no torch."""

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
"""Runs a stack at most: the gain per run has flattened by then, and a segment stays short."""

MANY = 1000
"""Examples of a full batch where only the data tell how many there are."""

EACH_ITS_OWN = {"optimizer", "schedule", "penalty", "clipping", "stopping", "pruning", "seed"}
"""Settings of a run that the others of its stack need not share: the engine asks each run for its own."""

EACH_ITS_OWN_OF = {
    "model": {"dropout", "input_dropout"},  # and what the model itself names as of its start alone
    "training": {
        *("epochs", "sampling", "evaluate_train", "evaluate_examples", "label_smoothing", "mixup", "input_noise", "gradient_noise"),
        *STREAM_SEEDS,
    },
    "distillation": {"teacher_epochs", "teacher_hidden", "teachers", "temperature", "weight", "hint"},
}
"""The same of fields within a choice. All that is not named here must agree, so that no run ever trains by another's value."""


def signature(run: RunSettings) -> str:
    """Equal for runs that one tensor program can train, each of them as it would alone."""
    training = run.training
    regularized = [bool(getattr(training, name)) for name in ("label_smoothing", "mixup", "input_noise", "gradient_noise")]
    epochs = training.epochs if training.evaluate_every else None  # its end is a measurement that the others, alone, would not have had
    return json.dumps([common(run), regularized, epochs, run.key if run.optimizer.amplifies else ""])


def common(run: RunSettings) -> str:
    """The settings that all runs of a stack must share, as text, and what of the others decides how a stack trains."""
    own = {**EACH_ITS_OWN_OF, "model": EACH_ITS_OWN_OF["model"] | run.model.of_the_start}
    each_its_own = EACH_ITS_OWN | (set() if run.mistake.apart else {"mistake"})
    settings = {name: value for name, value in run.identity().items() if name not in each_its_own}
    for name, fields in own.items():
        chosen: Choice = getattr(run, name)
        settings[name] = {field: value for field, value in chosen.identity().items() if field not in fields}
    return json.dumps([settings, bool(run.model.dropouts()), measured_examples(run)], sort_keys=True)


def measured_examples(run: RunSettings) -> int | None:
    """Training examples that each evaluation takes, at most; None: all."""
    return {"all": None, "sample": run.training.evaluate_examples, "none": 0}[run.training.evaluate_train]


def plan(runs: Sequence[RunSettings], workers: int = 1) -> list[tuple[RunSettings, ...]]:
    """The stacks: runs of one signature together, at most `rows_at_most`, split so that every worker has one where there are enough runs.

    Runs with one optimizer setting stay neighbours, because they are stepped as one tensor.
    """
    groups: dict[str, list[RunSettings]] = {}
    for run in runs:
        groups.setdefault(signature(run), []).append(run)
    share = max(1, -(-workers // max(1, len(groups))))
    return [stack for group in groups.values() for stack in _split(group, share)]


def rows_at_most(run: RunSettings) -> int:
    """Runs of its kind that a stack holds at most: fewer for networks that are slower together, where they will train on the CPU."""
    if run.training.device == "cuda" or (run.training.device == "auto" and gpu_here()):
        return MAX_ROWS
    data, size = run.data, run.training.batch_size
    sizes = None if data.shape is None else Sizes(data.shape, 1, data.sequence)
    examples = (data.parts.train if data.parts else MANY) if size == "full" else size
    return run.model.rows_on_cpu(sizes, examples) or MAX_ROWS


@cache
def gpu_here() -> bool:
    """Whether this machine has an NVIDIA GPU, as far as can be told without torch. To be wrong makes stacks slower, no more."""
    return shutil.which("nvidia-smi") is not None


def _split(runs: list[RunSettings], parts: int) -> list[tuple[RunSettings, ...]]:
    ordered = sorted(runs, key=group_key)
    pieces = max(min(parts, len(runs)), -(-len(runs) // rows_at_most(runs[0])))
    size, larger = divmod(len(ordered), pieces)
    starts = [piece * size + min(piece, larger) for piece in range(pieces + 1)]
    return [tuple(ordered[start:stop]) for start, stop in pairwise(starts)]


def group_key(run: RunSettings) -> str:
    """Equal for runs that one torch optimizer can step: the same optimizer (but for a rate that is apart), schedule and length."""
    optimizer = run.optimizer.identity()
    if run.optimizer.rate_apart:
        optimizer.pop("lr", None)
    own = run.key if run.schedule.watches or run.pruning.rewind is not None else ""
    return json.dumps([optimizer, run.schedule.identity(), run.training.epochs, own], sort_keys=True)


def grouped_rows(runs: Sequence[RunSettings]) -> Iterator[tuple[str, slice]]:
    """(key, rows) of each stretch of neighbours that one torch optimizer can step."""
    start = 0
    for key, members in groupby(runs, key=group_key):
        stop = start + len(list(members))
        yield key, slice(start, stop)
        start = stop
