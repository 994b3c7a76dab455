from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.runs.estimate import estimate
from tests.runs.helpers import Bench, comparison


def test_before_anything_is_stored_more_work_takes_longer(store):
    few, many = estimate(comparison(0.1, seeds=3), store, workers=2), estimate(comparison(0.1, seeds=30), store, workers=2)
    assert (few.runs_total, few.runs_stored, few.epochs) == (3, 0, 9)
    assert (many.runs_total, many.epochs) == (30, 90)
    assert 0 < few.seconds < many.seconds
    wide = comparison(0.1, seeds=3, model={"kind": "mlp", "hidden": [1024, 1024]})
    assert estimate(wide, store, workers=2).seconds > 2 * few.seconds


def test_an_optimizer_that_asks_for_many_gradients_an_update_takes_so_many_times_longer(store):
    def seconds(optimizer, seeds=1):
        runs = Comparison.load({"base": {"data": "iris", "optimizer": optimizer}, "seeds": seeds})
        return estimate(runs, store, workers=1).seconds

    assert seconds({"kind": "lbfgs", "max_iter": 30}) == pytest.approx(30 * seconds("adam"))
    assert seconds("lbfgs", seeds=8) == pytest.approx(8 * seconds("lbfgs")), "each run by itself"


def test_teachers_are_counted(store):
    alone, taught = (
        estimate(comparison(distillation=given), store, workers=1).seconds for given in ("none", {"kind": "ensemble", "teachers": 8})
    )
    assert taught > 3 * alone


def test_what_is_stored_costs_nothing(store):
    small, large = comparison(0.1, 0.01), comparison(0.1, 0.01, 0.001)
    Bench(store).finish(store.request(small, "run"))
    assert estimate(small, store) == estimate(small, store).__class__(4, 4, 0, 0.0)
    assert (estimate(large, store).runs_stored, estimate(large, store).epochs) == (4, 6)


def test_an_estimate_follows_what_stored_runs_took(store):
    first, second = comparison(0.1, seeds=12), comparison(0.2, seeds=12)
    before = estimate(second, store, workers=1).seconds
    Bench(store).finish(store.request(first, "run"))
    with store.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET worker_seconds = {4 * before / 12!r}, step = 9")
    assert estimate(second, store, workers=1).seconds == pytest.approx(4 * before)


def test_more_workers_make_it_shorter_but_not_shorter_than_one_stack(store):
    many = comparison(0.1, seeds=60)
    one, two = (estimate(many, store, workers=workers).seconds for workers in (1, 2))
    assert one / 2.5 < two < one
    single = comparison(0.1, seeds=1)
    assert estimate(single, store, workers=1).seconds == estimate(single, store, workers=8).seconds


def test_a_recurrent_network_takes_longer_the_longer_its_sequences(store):
    model = {"kind": "recurrent", "hidden": 64}
    short, long = (comparison(0.1, seeds=8, data={"kind": "adding", "steps": steps}, model=model) for steps in (10, 100))
    assert estimate(long, store, workers=1).seconds > 3 * estimate(short, store, workers=1).seconds


def test_l_bfgs_is_taken_to_ask_for_all_its_gradients(store):
    once, often = (comparison(0.1, seeds=3, optimizer={"kind": "lbfgs", "max_iter": count}) for count in (1, 10))
    assert estimate(often, store, workers=1).seconds == pytest.approx(10 * estimate(once, store, workers=1).seconds)
