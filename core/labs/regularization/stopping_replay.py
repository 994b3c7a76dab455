"""Stopping rules replayed on completed runs: where each rule would have stopped, and what the result would have been.

A rule only uses validation values that are in the history, so the history alone and the engine's own functions tell what the rule does to
a run. The test values cannot be replayed: the test set is evaluated only once, at the end of a run that was really stopped there.
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
"""Endings of runs whose best weights are restored if their rule says so; a run in progress or a cancelled one has its latest weights."""
COLUMNS = {"rule": "str", "metric": "str", "seed": "int64", "stopped": "bool"} | dict.fromkeys(
    ("epoch", "kept_epoch", "val_loss", "kept_val_loss", "value", "kept"), "float64"
)


class Stop(NamedTuple):
    """Positions in a history: where the rule ends the run, and the evaluation whose weights `restore_best` would restore."""

    at: int
    kept: int
    stopped: bool
    """False if the run reached its last evaluation before the rule ended it."""


def rules(metric: Watched, **given: float) -> dict[str, StoppingChoice]:
    """Returns every rule, by its name, each watching the same metric.

    Args:
        metric: the metric that they watch.
        given: values of their fields, such as `patience=5`, for all rules that have this field; other fields keep their defaults.

    Raises TypeError for a name that no rule has, ValidationError for a value out of bounds.
    """
    kinds = [cls for cls in classes(RunSettings.model_fields["stopping"]) if issubclass(cls, StoppingChoice)]
    if unknown := set(given) - {name for cls in kinds for name in cls.model_fields}:
        raise TypeError(f"no stopping rule has the setting {min(unknown)}")
    made = [cls(metric=metric, **{name: value for name, value in given.items() if name in cls.model_fields}) for cls in kinds]
    return {rule.kind.replace("_", " "): rule for rule in made}


def replay(rule: StoppingChoice | NoStopping, rows: Sequence[Mapping[str, float]], pruned: Sequence[int] = ()) -> Stop:
    """Returns what a rule does to a run with these evaluations, in order from the one before the first update.

    Args:
        rule: the rule; NoStopping ends no run, and keeps its last weights.
        rows: val_loss, val_accuracy, val_f1 of each evaluation; and its epoch, if `pruned` is not empty.
        pruned: ascending epochs at whose end the run was pruned; a run that restores its best weights restarts the search for them there.
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
    """Returns one row for each rule and seed.

    Args:
        history: the history of one variant, one row for each run and evaluation, in order of step within a run. Evaluations of a run after
            it diverged are left out, because they have no meaningful loss.
        by_name: the rules.

    Returns:
        rule, metric, seed; stopped (False: the run reached its end); epoch and val_loss where it ends; kept_epoch and kept_val_loss of its
        best evaluation up to there; value and kept: the same two evaluations in the metric that the rule watches.
    """
    measured = history[history["status"] != "diverged"]
    runs: dict[Any, list[Any]] = {seed: part.to_dict("records") for seed, part in measured.groupby("seed")}
    found = [_row(name, rule, int(seed), rows) for name, rule in by_name.items() for seed, rows in runs.items()]
    return DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def up_to_the_weights(history: DataFrame, runs: Mapping[str, RunSettings]) -> DataFrame:
    """Returns the history up to the evaluation of each run's final weights, so that its last row belongs to these weights.

    These are the weights of the last evaluation, or of the best one if the run's rule restored it.

    Args:
        history: one row for each run and evaluation, in order of step within a run.
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
