"""Training from Python: `compare` trains a comparison, `train` a list of runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from core.comparison import LONGEST_NAME, Comparison, Variant, label
from core.engine.planning import plan
from core.engine.records import Records
from core.runs.computing.executors import InlineExecutor, Pool, on_one_thread
from core.runs.result import Result
from core.runs.runner import Runner
from core.runs.store import Progress, Store
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor


class ComparisonError(RuntimeError):
    """The comparison failed, or was cancelled from elsewhere; the message says why."""


def compare(comparison: Comparison, *, store: Store | None = None, executor: Executor | None = None, progress: bool = True) -> Result:
    """Trains the runs of a comparison that the store lacks, and returns the whole result.

    Args:
        comparison: what to compare.
        store: where runs are stored, and read from if they are there; None stores nothing.
        executor: computes the segments; None computes in this process.
            `core.runs.computing.executors.make_executor(n)` returns worker processes.
        progress: whether to show a progress bar, if standard error is a terminal.

    While it trains into a store, it is the store's runner, and also serves the requests of a dashboard. If another runner works on the
    store, such as an open dashboard's, that runner trains the comparison, and this function waits for it.

    Raises:
        StoreFailedError: the store's database failed during training, for example because its disk is full. A database that does not
            answer is waited for.
        ComparisonError: the data cannot be read, a worker died or ran out of memory, or the comparison was cancelled in a dashboard.
    """
    return compare_in(Pool.around(executor or InlineExecutor()), comparison, store=store, progress=progress)


def compare_in(pool: Pool, comparison: Comparison, *, store: Store | None = None, progress: bool = True) -> Result:
    """The same as `compare`, in a pool, which may replace its workers if one is killed."""
    kept = store or Store.in_memory()
    comparison_id = kept.request(comparison, "run")
    runner = Runner(kept, pool)
    with tqdm(total=0, unit="epoch", disable=None if progress else True) as bar:
        try:
            runner.run(threading.Event(), until=lambda: not _shown(bar, kept.progress(comparison_id)).active)
        except KeyboardInterrupt:
            kept.request(comparison_id, "cancel")
            raise
        except BrokenExecutor as error:
            raise ComparisonError(f"{error}; all stored results are kept") from error
    reached = kept.progress(comparison_id)
    if reached.state != "finished":
        raise ComparisonError(reached.message or f"the comparison was {reached.state}")
    return Result.stored(kept, comparison)


def _shown(bar: Any, progress: Progress) -> Progress:
    bar.total = progress.epochs_total
    bar.update(round(progress.epochs_done, 1) - bar.n)
    if progress.runs_diverged:
        bar.set_postfix_str(f"{progress.runs_diverged} diverged", refresh=False)
    return progress


def train(runs: Sequence[RunSettings], *, initial: Sequence[dict[str, Tensor]] | None = None, order: Sequence[Any] | None = None) -> Result:
    """Trains runs now, in this process, and stores nothing.

    Args:
        runs: each run at most once; runs that differ only in the seed form one variant of the result.
        initial: for each run a state_dict of `build_model(run)`, to start from in place of its own initial weights.
        order: for each run an integer array (epochs, draws): the training examples that each epoch draws, cut into batches in this order.

    Raises DataError or RuntimeError if the data or the device are not available; ValueError if a run is given twice, if there are no runs,
    or if `initial` or `order` do not go with the runs.
    """
    places = {run.key: place for place, run in enumerate(runs)}
    if not runs:
        raise ValueError("runs: give at least one")
    if len(places) < len(runs):
        raise ValueError("runs: one is given twice, but each run is trained once")
    for name, values in (("initial", initial), ("order", order)):
        if values is not None and len(values) != len(runs):
            raise ValueError(f"{name}: {len(values)} given for {len(runs)} runs; one is needed for each run")
    records = Records()
    for stack in _with_equal_draws(plan(runs), places, order):
        at = [places[run.key] for run in stack]
        given = [None if values is None else [values[place] for place in at] for values in (initial, order)]
        records.extend(on_one_thread(_trained, stack, *given))
    variants = _variants(runs)
    members = [(name, run) for name, part in variants.items() for run in part]
    return Result.measured(members, records, _as_comparison(variants).to_toml())


def _with_equal_draws(
    stacks: Sequence[tuple[RunSettings, ...]], places: dict[str, int], order: Sequence[Any] | None
) -> Iterator[tuple[RunSettings, ...]]:
    """The stacks, split by the number of draws in the given orders, because all runs of a stack have the same batch size."""
    if order is None:
        yield from stacks
        return
    for stack in stacks:
        apart: dict[Any, list[RunSettings]] = {}
        for run in stack:
            apart.setdefault(np.shape(order[places[run.key]])[-1:], []).append(run)
        yield from map(tuple, apart.values())


def _trained(runs: Sequence[RunSettings], initial: Sequence[Any] | None, order: Sequence[Any] | None) -> Records:
    from core.engine.advance import advance
    from core.engine.stack import begin

    stack, records = begin(runs, initial=initial, order=order), Records()
    while not stack.finished:
        stack, new = advance(stack, max(run.training.epochs for run in runs))
        records.extend(new)
    return records


def _variants(runs: Sequence[RunSettings]) -> dict[str, list[RunSettings]]:
    """Runs that differ only in the seed, under a name with the settings in which they differ from the others."""
    parts: dict[str, list[RunSettings]] = {}
    for run in runs:
        parts.setdefault(run.model_dump_json(exclude={"seed"}), []).append(run)
    differences = _as_comparison({f"variant {place}": part for place, part in enumerate(parts.values(), start=1)}).differences()
    named: dict[str, list[RunSettings]] = {}
    for (default, differing), part in zip(differences.items(), parts.values(), strict=True):
        name = ", ".join(_differing_labels(part[0], differing))
        named[name if name and len(name) <= LONGEST_NAME and name not in named else default] = part
    return named


def _differing_labels(run: RunSettings, differing: dict[str, Any]) -> list[str]:
    """One label for each choice whose kind differs (including its settings), and one for each other setting that differs."""
    labels: dict[str, str] = {}
    for path, value in differing.items():
        choice = path.partition(".")[0]
        if f"{choice}.kind" in differing:
            labels[choice] = label(choice, getattr(run, choice))
        elif value != "-":
            labels[path] = label(path, value)
    return list(labels.values())


def _as_comparison(variants: dict[str, list[RunSettings]]) -> Comparison:
    """A comparison of every variant with every seed that one of them has."""
    choices = [field for field in RunSettings.model_fields if field != "seed"]
    whole = [Variant(name=name, **{field: getattr(part[0], field) for field in choices}) for name, part in variants.items()]
    seeds = sorted({run.seed for part in variants.values() for run in part})
    return Comparison(base=next(iter(variants.values()))[0], variants=tuple(whole), seeds=tuple(seeds))
