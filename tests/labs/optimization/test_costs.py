"""What optimizers remember per weight is what their papers say, and a table of costs has plain SGD first."""

from __future__ import annotations

import math

import pytest

from core.labs.optimization import costs
from core.labs.optimization.paths import optimizer_of

WEIGHTS = costs.ROWS * costs.COLUMNS
STATE = {  # numbers kept per weight
    "sgd": 0,
    "rmsprop": 1,
    "adagrad": 1,
    "lion": 1,
    "muon": 1,
    "adam": 2,
    "adamw": 2,
    "adamax": 2,
    "adadelta": 2,
    "adafactor": (costs.ROWS + costs.COLUMNS) / WEIGHTS,
    "soap": 2 + 2 * (costs.ROWS**2 + costs.COLUMNS**2) / WEIGHTS,  # two moments, two preconditioners and their eigenbases
}


@pytest.fixture
def one_step(monkeypatch):
    """No more steps are timed than one: what is asked for is the memory."""
    monkeypatch.setattr(costs, "TIMED", 1)


def test_the_state_of_an_optimizer_is_what_its_paper_says(one_step):
    table = costs.table([optimizer_of({"kind": kind}) for kind in STATE])
    assert table.set_index("variant")["state"].to_dict() == pytest.approx(STATE, abs=1e-4)


def test_momentum_adds_one_number_and_amsgrad_another(one_step):
    table = costs.table([optimizer_of({"kind": "sgd", "momentum": 0.9}), optimizer_of({"kind": "adam", "amsgrad": True})])
    assert table["state"].tolist() == [0, 1, 3]


def test_costs_are_relative_to_plain_sgd_which_is_first():
    table = costs.table([optimizer_of({"kind": kind}) for kind in ("adam", "sgd")])
    assert list(table["variant"]) == ["sgd", "adam"]
    assert table["relative"].iloc[0] == 1
    assert all(math.isfinite(value) and value > 0 for value in table[["milliseconds", "mean", "relative"]].to_numpy().ravel())
