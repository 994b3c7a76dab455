"""Which runs count as diverged, that no setting within its bounds raises, and that no run drags another with it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyRegressor
from sklearn.metrics import log_loss, mean_squared_error

import core
from core.choices.optimizers import Optimizer
from core.choices.schedules import Schedule
from core.engine.advance import advance
from core.engine.batches import Subset, Tensors
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.training.divergence import FACTOR, constant_losses
from core.engine.training.trainer import Trainer
from core.settings import SettingsError
from tests.choices.extremes import at_its_bounds
from tests.engine.reference import assert_same_weights, history, stacked_training
from tests.engine.test_contracts import every, kind_of, settings

SLOW = {"max_iter": 8, "history_size": 8}
"""Numbers that only cost time, and the most of them that is tried."""

RANGE_TEST = {"kind": "range_test", "last": 1e6}


def allowed(changes):
    """Those of the settings that are no contradiction in themselves."""
    for change in changes:
        try:
            yield settings(training={"epochs": 2, "dtype": "float32"}, **change)
        except SettingsError:
            continue


def quick(change):
    return {name: min(value, SLOW.get(name, value)) if name in SLOW else value for name, value in change.items()}


def extreme_optimizers(cls):
    for change in at_its_bounds(cls):
        for lr in ({}, {"lr": 1e3}):
            yield {"optimizer": {"kind": kind_of(cls)} | lr | quick(change), "schedule": RANGE_TEST}


def extreme_schedules(cls):
    for change in [{}, *at_its_bounds(cls)]:
        for optimizer in ({"kind": "asgd", "lambd": 1.0, "alpha": 100.0}, {"kind": "schedule_free_adamw", "r": 200.0}, "sgd", "nadam"):
            yield {"optimizer": optimizer, "schedule": {"kind": kind_of(cls)} | change}


EXTREME = [(cls, extreme_optimizers) for cls in every(Optimizer)] + [(cls, extreme_schedules) for cls in every(Schedule)]


@pytest.mark.parametrize(("cls", "extreme"), EXTREME, ids=[kind_of(cls) for cls, _ in EXTREME])
def test_at_its_bounds_each_kind_ends_finished_or_diverged_and_leaves_its_neighbours_alone(cls, extreme):
    runs = list(allowed(extreme(cls)))
    healthy = settings(training={"epochs": 2, "dtype": "float32"}, optimizer={"kind": "sgd", "lr": 0.05}, seed=3)
    alone = stacked_training([healthy])[0][healthy.key]
    models, records = stacked_training([*runs, healthy])
    ended = {row["run"]: row["status"] for row in records.ended}
    assert ended.keys() == {run.key for run in [*runs, healthy]}
    assert set(ended.values()) <= {"finished", "diverged"}
    assert ended[healthy.key] == "finished"
    assert_same_weights(models[healthy.key], alone, 1e-6)
    comparable = [run for run in runs if not run.optimizer.amplifies]  # the others train in stacks of their own
    for run in comparable[:: max(1, len(comparable) // 4)]:
        (row,) = stacked_training([run])[1].ended
        assert row["status"] == ended[run.key], f"{run.optimizer} {run.schedule} alone"


OVERFLOWING = [
    {"optimizer": {"kind": "asgd", "alpha": 1e6}, "schedule": RANGE_TEST},
    {"optimizer": {"kind": "schedule_free_adamw", "r": 1e6}},
    {"optimizer": {"kind": "schedule_free_adamw", "weight_lr_power": 1e6}, "schedule": RANGE_TEST},
    {"optimizer": {"kind": "custom", "path": f"{__name__}.Overflowing"}},
]


class Overflowing(torch.optim.SGD):
    """A user's optimizer that steps well for a while."""

    updates = 0

    def step(self, closure=None):
        """One step, or a number beyond a float."""
        self.updates += 1
        float(10 ** (self.updates * 20.0))
        super().step()


class Dividing(torch.optim.SGD):
    """A user's optimizer with a fault in it."""

    def step(self, closure=None):
        """Never comes to it."""
        super().step(closure)
        _ = 1 / (self.defaults["lr"] - self.defaults["lr"])


def test_a_fault_in_a_users_own_optimizer_is_raised_not_taken_for_a_divergence():
    with pytest.raises(ZeroDivisionError):
        stacked_training([settings(optimizer={"kind": "custom", "path": f"{__name__}.Dividing"})])


@pytest.mark.parametrize("changes", OVERFLOWING, ids=lambda changes: str(changes["optimizer"]))
def test_an_overflow_inside_an_optimizer_is_a_run_that_diverged(changes):
    runs = [settings(**changes, seed=seed, training={"epochs": 3}) for seed in (0, 1)]
    healthy = settings(seed=1)
    result = core.train([*runs, healthy])
    status = result.runs.set_index("run")["status"]
    assert [status[run.key] for run in runs] == ["diverged", "diverged"]
    assert_same_weights(result.model(healthy), core.train([healthy]).model(healthy), 1e-12)


def exploding(data):
    """Runs whose losses end finite and enormous, through ever longer steps."""
    optimizer = {"kind": "sgd", "lr": 1.0, "weight_decay": 10.0}  # each update multiplies the weights by -9
    return settings(data=data, model="linear", optimizer=optimizer, training={"epochs": 2})


@pytest.mark.parametrize("data", ["diabetes", "wine"])
def test_a_loss_a_thousand_times_that_of_a_constant_prediction_is_a_run_that_diverged(data):
    run = exploding(data)
    _, records = stacked_training([run])
    last = history(records, run)[-1]
    assert math.isfinite(last["train_loss_eval"]), "the test needs a finite loss"
    assert last["train_loss_eval"] > FACTOR * constant_of(run)
    assert (last["status"], records.ended[0]["status"]) == ("diverged", "diverged")


def constant_of(run):
    """What a constant prediction has on the training part, by scikit-learn."""
    split = core.load_data(run.data)
    if split.task == "classification":
        even = np.full((len(split.y_train), split.outputs), 1 / split.outputs)
        return log_loss(split.y_train, even, labels=range(split.outputs))
    guess = DummyRegressor().fit(split.x_train, split.y_train).predict(split.x_train)
    return mean_squared_error(split.y_train, guess)


@pytest.mark.parametrize(
    "data", ["diabetes", "wine", {"kind": "diabetes", "scale": "none"}, {"kind": "copy", "validation_fraction": 0}], ids=str
)
def test_the_constant_prediction_is_scikit_learns(data):
    run = settings(data=data)
    tensors = Trainer(begin([run])).data
    if tensors.train.y_N.dim() > 1:
        assert constant_losses(tensors)[0] == pytest.approx(math.log(tensors.classes))
    else:
        assert constant_losses(tensors)[0] == pytest.approx(constant_of(run))


def test_validation_targets_that_happen_to_lie_at_the_mean_make_nobody_diverge():
    train, at_the_mean, far = torch.tensor([-1.0, 1.0]), torch.tensor([0.0, 1e-9]), torch.tensor([30.0, -30.0])
    tensors = [Tensors(*(Subset(y[:, None], y) for y in (train, val, val)), "regression", 1) for val in (at_the_mean, far, train[:0])]
    assert [constant_losses(of) for of in tensors] == [(1.0, 1.0), (1.0, 900.0), (1.0, 1.0)]


def test_where_all_training_targets_are_the_same_only_what_is_not_finite_diverges():
    y = torch.full((4,), 2.0)
    assert constant_losses(Tensors(*[Subset(y[:, None], y)] * 3, "regression", 1)) == (math.inf, math.inf)


def started_far_away(**changes):
    """A run whose first evaluation is far beyond the limit, and that comes back."""
    run = settings(data="diabetes", model="linear", optimizer={"kind": "sgd", "lr": 0.1}, **changes)
    start = {name: torch.full_like(value, 1000.0) for name, value in core.build_model(run).state_dict().items()}
    stack, records = begin([run], initial=[start]), Records()
    while not stack.finished:
        stack, new = advance(stack)
        records.extend(new)
    return history(records, run)


def test_a_run_that_recovers_has_not_diverged():
    rows = started_far_away(training={"epochs": 60})
    assert rows[0]["val_loss"] > FACTOR * 100
    assert [row["status"] for row in rows[:-1]] == ["running"] * 60
    assert rows[-1]["status"] == "finished"


def test_a_run_that_a_rule_stops_while_its_loss_is_beyond_the_limit_has_diverged():
    rows = started_far_away(training={"epochs": 60}, stopping={"kind": "patience", "patience": 1, "min_delta": 1e6})
    assert len(rows) < 10, "the rule must stop it early"
    assert rows[-1]["status"] == "diverged"


def test_a_range_test_goes_on_to_its_last_rate_while_its_losses_are_finite():
    schedule = {"kind": "range_test", "last": 1e6}
    run = settings(data="diabetes", model="linear", optimizer="sgd", schedule=schedule, training={"evaluate_every": 1, "epochs": 1})
    rows = history(stacked_training([run])[1], run)
    far = [row["train_loss_eval"] > FACTOR * constant_of(run) for row in rows]
    assert far[-1], "the test needs a range test that blows up"
    assert far[-2], "and that has done so before its last update"
    assert all(math.isfinite(row["train_loss_eval"]) for row in rows)
    assert [row["status"] for row in rows] == ["running"] * (len(rows) - 1) + ["diverged"]


def test_penalties_do_not_count():
    run = settings(penalty={"l2_squared": 1e3}, optimizer={"kind": "sgd", "lr": 1e-6}, training={"epochs": 1})
    (start, end) = history(stacked_training([run])[1], run)
    assert end["penalty"] > FACTOR * math.log(3)
    assert end["status"] == "finished", start
