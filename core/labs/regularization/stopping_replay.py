"""Stopping rules replayed on runs that were trained to their end: where each would have stopped, and what it would have given.

A rule only looks at validation values that are in the history, so what it does to a run can be told from the history alone, with the very
functions that the engine asks. Only the test set cannot: it is looked at once, at the end of a run that was really stopped there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pandas import DataFrame

from core.choices.base import classes
from core.choices.stopping import NoStopping, StoppingChoice, Watch, Watched
from core.settings import RunSettings

RESTORED = ("finished", "stopped", "diverged")
"""How runs end that get their best weights back, where their rule says so; one under way or cancelled has its latest."""
COLUMNS = {"rule": "str", "metric": "str", "seed": "int64", "stopped": "bool"} | dict.fromkeys(
    ("epoch", "kept_epoch", "val_loss", "kept_val_loss", "value", "kept"), "float64"
)


class Stop(NamedTuple):
    """Places in a history: where the rule ends the run, and where the evaluation was whose weights `restore_best` would bring back."""

    at: int
    kept: int
    stopped: bool
    """False where the run came to its last evaluation without the rule."""


def rules(metric: Watched, **given: float) -> dict[str, StoppingChoice]:
    """Every rule that there is, watching one metric, by its name.

    Args:
        metric: what they watch.
        given: values of their fields, as `patience=5`, each for all rules that have it; the others are at their defaults.

    Raises TypeError for a name that no rule has, ValidationError for a value out of bounds.
    """
    kinds = [cls for cls in classes(RunSettings.model_fields["stopping"]) if issubclass(cls, StoppingChoice)]
    if unknown := set(given) - {name for cls in kinds for name in cls.model_fields}:
        raise TypeError(f"no stopping rule has {min(unknown)}")
    made = [cls(metric=metric, **{name: value for name, value in given.items() if name in cls.model_fields}) for cls in kinds]
    return {rule.kind.replace("_", " "): rule for rule in made}


def replay(rule: StoppingChoice | NoStopping, rows: Sequence[Mapping[str, float]], pruned: Sequence[int] = ()) -> Stop:
    """What a rule does to a run with these evaluations, in order from the one before the first update.

    Args:
        rule: NoStopping ends no run, and keeps its last weights.
        rows: val_loss, val_accuracy, val_f1 of each evaluation; and its epoch, where there are some in `pruned`.
        pruned: epochs, ascending, at whose end the run was pruned and, if it restores its best weights, began to look for them anew.
    """
    last = len(rows) - 1
    if isinstance(rule, NoStopping):
        return Stop(last, last, False)
    watch, kept = Watch(), 0
    pending = list(pruned) if rule.restore_best else []
    for place, row in enumerate(rows):
        while pending and row["epoch"] >= pending[0]:
            watch, pending = replace(watch, best=math.inf, waited=0), pending[1:]
        watch = rule.update(watch, rule.value(dict(row)))
        kept = place if watch.waited == 0 else kept
        if rule.stops(watch):
            return Stop(place, kept, place < last)
    return Stop(last, kept, False)


def replayed(history: DataFrame, by_name: Mapping[str, StoppingChoice]) -> DataFrame:
    """A row a rule and seed.

    Args:
        history: of one variant, a row a run and evaluation, in order of step within a run. An evaluation that says that the run diverged
            is left out, for it has no loss to speak of.
        by_name: the rules.

    Returns:
        rule, metric, seed; stopped (False: it came to the end); epoch and val_loss where it ends; kept_epoch and kept_val_loss of its best
        evaluation until then; value and kept: the same two of the metric that it watches.
    """
    measured = history[history["status"] != "diverged"]
    runs: dict[Any, list[Any]] = {seed: part.to_dict("records") for seed, part in measured.groupby("seed")}
    found = [_row(name, rule, int(seed), rows) for name, rule in by_name.items() for seed, rows in runs.items()]
    return DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def up_to_the_weights(history: DataFrame, runs: Mapping[str, RunSettings]) -> DataFrame:
    """The history without what came after the weights that each run ended with, so that its last row is of these.

    They are those of the last evaluation, or of the best one where the run's rule restored it.

    Args:
        history: a row a run and evaluation, in order of step within a run.
        runs: the settings of each variant.
    """
    restoring = [name for name, run in runs.items() if run.stopping.restore_best]
    ends = {}
    for key, part in history[history["variant"].isin(restoring)].groupby("run", observed=True):
        if part["status"].iloc[-1] in RESTORED:
            run = runs[str(part["variant"].iloc[0])]
            rows: list[Any] = part.to_dict("records")
            ends[key] = rows[replay(run.stopping, rows, run.pruning.epochs).kept]["step"]
    last = history["run"].map(ends).astype(float).fillna(math.inf)
    return history[history["step"] <= last]


def _row(name: str, rule: StoppingChoice, seed: int, rows: Sequence[Mapping[str, float]]) -> tuple[object, ...]:
    stop = replay(rule, rows)
    at, kept = rows[stop.at], rows[stop.kept]
    ends = (at["epoch"], kept["epoch"], at["val_loss"], kept["val_loss"], at[rule.metric], kept[rule.metric])
    return (name, rule.metric, seed, stop.stopped, *ends)
