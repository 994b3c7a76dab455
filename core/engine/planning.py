"""Which runs train together: stacks of the same shapes. Needs no torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, pairwise

from core.choices.models import Sizes
from core.settings import RunSettings

MAX_ROWS = 64
"""Runs a stack at most: the gain per run has flattened by then, and a segment stays short."""

MANY = 1000
"""Examples of a full batch where only the data tell how many there are."""

_OF_NO_SHAPE = {"dropout", "input_dropout"}
"""A network's settings that are numbers of each run in a stack."""


def signature(run: RunSettings) -> str:
    """Equal for runs that one tensor program can train: the same data, network, loss, batches, precision and device."""
    model = {name: value for name, value in run.model.identity().items() if name not in _OF_NO_SHAPE | run.model.of_the_start}
    stochastic = bool(run.model.dropouts())
    shared = ("batch_size", "drop_last", "accumulation", "labelled", "evaluate_every", "dtype", "device")
    training = {name: getattr(run.training, name) for name in shared} | {"measured": measured_examples(run)}
    if run.training.evaluate_every:  # then a run's end is a measurement that the others, alone, would not have had
        training["epochs"] = run.training.epochs
    noise = [bool(getattr(run.training, name)) for name in ("label_smoothing", "mixup", "input_noise", "gradient_noise")]
    alone = run.key if run.optimizer.amplifies else ""
    chosen = [run.data.identity(), model, run.loss.identity()]
    return json.dumps([*chosen, stochastic, training, noise, run.distillation.kind, alone], sort_keys=True)


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
