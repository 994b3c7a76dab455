"""Tables have the same columns and types whether they have rows or not, and can be joined either way."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from core.analysis import changes, compression, range_test, recurrent, sensitivity
from core.analysis.frames import of_rows

RUNS = pd.DataFrame(
    {"variant": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1], "run": ["a0", "a1", "b0", "b1"], "status": ["finished"] * 3 + ["diverged"]}
)
HISTORY = pd.DataFrame({"run": ["a0", "a1", "b0"] * 2, "step": [0] * 3 + [9] * 3, "val_loss": [1.0, 2, 3, 4, 5, 6]}).assign(
    variant=lambda rows: rows["run"].str[:1], seed=[0, 1, 0] * 2, status="finished", lr=[0.1, 0.1, 0.1, 0.2, 0.2, 0.2]
)
PLACES = of_rows([("a", "one", 1), ("b", "one", 2)], sensitivity.PLACES)


def values(history: pd.DataFrame) -> pd.DataFrame:
    return sensitivity.values(history, RUNS, PLACES)


MADE = {
    "values": values,
    "points": lambda history: sensitivity.points(values(history)),
    "best": lambda history: sensitivity.best(sensitivity.points(values(history))),
    "changes": lambda history: changes.changes(values(history), 1.0, 2.0),
    "outcomes": lambda history: compression.outcomes(history, RUNS[RUNS["run"].isin(history["run"])], "val_loss"),
    "range test": lambda history: range_test.readings(range_test.curve(history, "val_loss")),
    "slopes": lambda history: recurrent.slopes(history.rename(columns={"step": "lag", "val_loss": "norm"})),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_table_without_rows_has_the_types_of_one_with_rows(make):
    some, none = make(HISTORY), make(HISTORY.iloc[:0])
    assert len(some)
    assert not len(none)
    assert dict(none.dtypes) == dict(some.dtypes)


def test_rows_may_be_tuples_or_named():
    types = {"name": "str", "n": "int64", "mean": "float64"}
    assert of_rows([("a", 1, 2)], types).equals(of_rows([{"n": 1, "mean": 2.0, "name": "a"}], types))
    assert dict(of_rows([], types).dtypes) == dict(of_rows([("a", 1, math.nan)], types).dtypes)


def test_an_empty_table_joins_one_with_numbers():
    left, right = of_rows([], sensitivity.POINTS), pd.DataFrame({"place": [1.0], "x": [2]})
    assert left.merge(right, on="place", how="left").empty
