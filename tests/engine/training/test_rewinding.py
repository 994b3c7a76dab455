"""What is recorded where pruning takes the weights back: the network before it, marked, and after it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import core
from core.choices.pruning import Pruning
from core.engine.advance import advance
from core.engine.records import BEFORE_REWIND, Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from tests.engine.reference import history, stacked_training
from tests.engine.test_contracts import every, kind_of, rows_of, settings

SGD = {"kind": "sgd", "lr": 0.05}
MEASURED = (
    "train_loss",
    "train_loss_eval",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "val_f1",
    "grad_norm",
    "update_ratio",
    "sparsity",
)
REWINDING = [cls for cls in every(Pruning) if kind_of(cls) not in ("none", "snip")]  # SNIP prunes before there is anything to go back from


def ticket(epochs=(2, 4), rewind=0, kind="magnitude", **changes):
    pruning = {"kind": kind, "sparsity": 0.75, "epochs": list(epochs), "rewind": rewind}
    return settings(pruning=pruning, **{"optimizer": SGD, "training": {"epochs": 5}} | changes)


def marks(rows):
    return [(round(row["epoch"]), row["moment"]) for row in rows]


@pytest.mark.parametrize("cls", REWINDING, ids=kind_of)
def test_at_each_rewind_the_network_is_recorded_before_it_and_after_it(cls):
    rows = history(stacked_training([ticket(kind=kind_of(cls))])[1], ticket(kind=kind_of(cls)))
    assert marks(rows) == [(0, ""), (1, ""), (2, BEFORE_REWIND), (2, ""), (3, ""), (4, BEFORE_REWIND), (4, ""), (5, "")]
    reached = {row["epoch"]: row["sparsity"] for row in rows if row["moment"]}
    assert reached[2.0] == 0, "the network of the first event was dense"
    after_first = next(row["sparsity"] for row in rows if row["epoch"] == 2 and not row["moment"])
    assert reached[4.0] == after_first > 0, "that of the second was the first ticket"


def test_the_row_before_a_rewind_is_that_of_the_run_that_is_not_pruned_there():
    run, dense = ticket(), settings(optimizer=SGD, training={"epochs": 2})
    before = next(row for row in history(stacked_training([run])[1], run) if row["moment"])
    expected = history(stacked_training([dense])[1], dense)[-1]
    for name in MEASURED:
        assert before[name] == pytest.approx(expected[name], abs=1e-12), name


def test_after_a_rewind_no_loss_is_logged_and_no_update_led_there():
    rows = history(stacked_training([ticket()])[1], ticket())
    after = next(row for row in rows if row["epoch"] == 2 and not row["moment"])
    assert math.isnan(after["train_loss"])
    assert math.isnan(after["update_ratio"])
    start = rows[0]
    assert after["weight_norm"] < start["weight_norm"], "the survivors are those of the start"


def test_a_rewind_between_two_evaluations_is_recorded_for_that_run_alone():
    every_seven = {"epochs": 5, "evaluate_every": 7}
    run, other = ticket(training=every_seven), settings(optimizer=SGD, training=every_seven, seed=2)
    _, together = stacked_training([other, run])
    for member in (run, other):
        _, alone = stacked_training([member])
        assert repr(rows_of_run(together, member)) == repr(rows_of_run(alone, member))
    at = {row["step"] for row in history(together, run) if row["moment"]}
    assert at == {20, 40}, "ten updates an epoch"
    assert all(row["step"] % 7 == 0 or row["step"] == 50 for row in history(together, other))


def rows_of_run(records, run):
    """History and layers with few digits, for stacking rounds differently."""
    rounded = lambda value: f"{value:.8g}" if isinstance(value, float) else value  # noqa: E731
    kept = [row for table in ("history", "layers") for row in rows_of(records, table) if row["run"] == run.key]
    return [{name: rounded(value) for name, value in row.items() if name not in ("counts", "low", "high")} for row in kept]


def test_resumed_at_every_epoch_the_rows_are_the_same():
    runs = [ticket(), ticket(epochs=(1, 3), rewind=1, seed=1)]
    _, whole = stacked_training(runs)
    stack, pieces = begin(runs), Records()
    while not stack.finished:
        stack, new = advance(from_bytes(to_bytes(stack)), 1)
        pieces.extend(new)
    assert repr(rows_of(pieces, "history")) == repr(rows_of(whole, "history"))


def test_a_run_that_diverged_is_not_brought_back_to_life():
    run = ticket(optimizer={"kind": "sgd", "lr": 1e3, "weight_decay": 1e6})
    rows = history(stacked_training([run])[1], run)
    assert marks(rows)[-1] == (1, "")
    assert rows[-1]["status"] == "diverged"
    late = ticket(epochs=(1, 2), optimizer={"kind": "sgd", "lr": 1e3, "weight_decay": 1e6})
    rows = history(stacked_training([late])[1], late)
    assert marks(rows) == [(0, ""), (1, "")]
    assert rows[-1]["status"] == "diverged"


def test_both_rows_survive_the_store_and_csv_in_order(tmp_path):
    run = ticket()
    result = core.train([run])
    frame = result.history
    assert [*zip(frame["epoch"].astype(int), frame["moment"], strict=True)] == marks(history(stacked_training([run])[1], run))
    result.to_csv(tmp_path)
    read = pd.read_csv(tmp_path / "history.csv", keep_default_na=False, na_values={"val_loss": [""]})
    assert list(read["moment"]) == list(frame["moment"])
    np.testing.assert_array_equal(read["val_loss"], frame["val_loss"])
    last = result.runs.iloc[0]
    assert last["last_val_loss"] == frame["val_loss"].iloc[-1]
    assert last["best_val_loss"] == frame["val_loss"].min()
