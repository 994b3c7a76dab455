"""Measurements for questions and experiments: the runner trains comparisons, the same workers compute labs; and reads the results."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from core.analysis.claims import Judgement, together
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab, Measured
from core.experiments.experiment import Experiment
from core.runs import labs
from core.runs.computing.executors import Pool
from core.runs.runner import Runner
from core.runs.store import Store, verdicts
from core.runs.store import standings as store_standings

Row = dict[str, Any]


class Measurable(Protocol):
    """A question or an experiment: its comparisons, its labs, and its claims."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def comparisons(self) -> Mapping[str, Comparison]: ...
    @property
    def labs(self) -> Mapping[str, Lab]: ...
    @property
    def claims(self) -> tuple[Claim, ...]: ...


Thing = TypeVar("Thing", bound=Measurable)


class IncompleteError(RuntimeError):
    """Some of the required results are not stored yet."""


def ask(things: Sequence[Measurable], store: Store) -> None:
    """Requests from a runner the results that are missing in the store."""
    for thing in things:
        for lab in thing.labs.values():
            labs.ask(store, lab.key, lab.name, lab.arguments)
        for comparison in thing.comparisons.values():
            store.request(comparison, "run")


def measure(things: Sequence[Measurable], store: Store, executor: Executor) -> dict[str, str]:
    """Computes the results that are missing in the store; returns for each failure the id and the reason.

    If another runner works on the store, it computes the results, and this function waits for them.
    """
    ask(things, store)
    if underway(things, store):
        Runner(store, Pool.around(executor)).run(threading.Event(), until=lambda: not underway(things, store))
    return {name: reached.problem for name, reached in standings(things, store).items() if reached.problem}


def underway(things: Sequence[Measurable], store: Store) -> bool:
    """Whether any of them will change without another request."""
    return any(standing.active for standing in standings(things, store).values())


def pause(things: Sequence[Measurable], store: Store) -> None:
    """Stops running measurements until they are requested again."""
    for thing in things:
        labs.pause(store, [lab.key for lab in thing.labs.values()])
        reached = store_standings.standings(store, list(thing.comparisons.values()))
        for comparison in thing.comparisons.values():
            if reached[comparison.id].state in ("queued", "running"):
                store.request(comparison, "pause")


@dataclass(frozen=True)
class Standing:
    """The progress of a measurement: the completed share, whether it is active, and why a part failed."""

    done: float
    active: bool
    paused: bool
    problem: str

    @property
    def complete(self) -> bool:
        """Whether all results are stored."""
        return self.done == 1.0


def progress(thing: Measurable, store: Store) -> Standing:
    """The progress of its comparisons and labs, all with equal weight."""
    return standings([thing], store)[thing.id]


def standings(things: Sequence[Measurable], store: Store) -> dict[str, Standing]:
    """The progress of several by their ids, read from the store at once."""
    known = labs.standing(store, [lab.key for thing in things for lab in thing.labs.values()])
    compared = store_standings.standings(store, [each for thing in things for each in thing.comparisons.values()])
    return {thing.id: _standing(thing, known, compared) for thing in things}


def _standing(thing: Measurable, known: Mapping[str, labs.Standing], compared: Mapping[str, store_standings.Standing]) -> Standing:
    computed = [known[lab.key] for lab in thing.labs.values()]
    trained = [compared[comparison.id] for comparison in thing.comparisons.values()]
    done = [float(found.state == "finished") for found in computed]
    done += [1.0 if each.runs_done == each.runs else 0.99 * each.epochs_done / max(each.epochs_total, 1) for each in trained]
    states = [found.state for found in computed]
    problems = [found.message for found in computed if found.state == "failed"]
    problems += [each.message or "it was cancelled" for each in trained if each.state in ("failed", "cancelled") and not each.active]
    active = any(state in ("queued", "running") for state in states) or any(each.active for each in trained)
    paused = "paused" in states or any(each.state == "paused" for each in trained)
    return Standing(sum(done) / len(done), active, paused, "; ".join(problems))


def evidence_of(thing: Measurable, store: Store) -> tuple[Evidence, float] | None:
    """Its stored results, and their computing time in seconds on one core; None while some are missing."""
    found: dict[str, Measured] = {}
    seconds = 0.0
    for name, lab in thing.labs.items():
        kept = labs.found(store, lab.key)
        if kept is None:
            return None
        found[name], seconds = Measured(frame=kept[0]), seconds + kept[1]
    for name, comparison in thing.comparisons.items():
        progress = store.progress(comparison)
        if progress.runs_done < progress.runs:
            return None
        runs = store.runs(comparison)
        found[name] = Measured(store.history(comparison)[0], store.layers(comparison)[0], runs)
        seconds += float(runs["seconds"].sum())
    return found, seconds


def kept_rows(
    things: Sequence[Thing], store: Store, make: Callable[[Thing], Row | None], known: Mapping[str, Standing] | None = None
) -> dict[str, Row]:
    """The verdicts of those with stored results, by id, from `make`: made once, and again when their inputs have changed.

    known: their standings, if they were already read.
    """
    kept, reached = verdicts.known(store), standings(things, store) if known is None else known
    found = {}
    for thing in things:
        if not reached[thing.id].complete:
            continue
        if thing.id not in kept or kept[thing.id][0] != thing.key:
            made = make(thing)
            if made is None:
                continue
            kept[thing.id] = thing.key, made
            verdicts.keep(store, thing.id, *kept[thing.id])
        found[thing.id] = kept[thing.id][1]
    return found


def figures(claims: Sequence[Claim], judgements: Sequence[Judgement]) -> Row:
    """The results of claims as plain values: the common verdict, and that of each claim in `parts`."""
    whole = together(judgements)
    parts = [
        {"claim": claim.words, "sentence": judgement.sentence, **_figures(judgement)}
        for claim, judgement in zip(claims, judgements, strict=True)
    ]
    return {"claim": whole.sentence, **_figures(whole), "parts": parts}


def _figures(judgement: Judgement) -> Row:
    names = ("verdict", "effect", "ci_low", "ci_high", "n", "threshold")
    return {name: _plain(getattr(judgement, name)) for name in names}


def _plain(value: Any) -> Any:
    """Returns None for values that JSON does not have: a missing interval, an infinite effect."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rows(experiments: Sequence[Experiment], store: Store) -> dict[str, Row]:
    """The results of the claims of the experiments with stored runs, by id; experiments without claims are left out."""
    found = {}
    for experiment in experiments:
        stored = evidence_of(experiment, store) if experiment.claims else None
        if stored is not None:
            judged = figures(experiment.claims, [claim.judge(stored[0]) for claim in experiment.claims])
            said = {"id": experiment.id, "experiment": experiment.title, **judged, "seconds": round(stored[1], 2)}
            found[experiment.id] = said
    return found
