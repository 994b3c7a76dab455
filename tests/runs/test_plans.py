"""What has been planned is trained as it was planned: the size of a stack decides the last bits of its runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from core.runs.computing import worker
from core.runs.store import Store
from core.runs.store.schema import stacks
from tests.runs.helpers import Bench, assert_same_numbers, comparison

WORKERS = 3
PLANNED = comparison(0.1, 0.01, 0.001, seeds=3, data={"kind": "digits"}, model={"kind": "mlp", "hidden": [17]}, training={"epochs": 2})


@pytest.fixture(scope="module")
def uninterrupted() -> Iterator[Store]:
    store = Store.in_memory()
    Bench(store, worker.compute, slots=WORKERS).finish(store.request(PLANNED, "run"))
    yield store
    store.close()


def left_by_a_runner(store: Store, begun: int) -> None:
    """What is in the store when a runner ends that has planned all stacks and begun some of them."""
    bench = Bench(store, worker.compute, slots=WORKERS)
    store.request(PLANNED, "pause")
    bench.turn()
    bench.runner.pool.slots = 1
    store.request(PLANNED.id, "resume")
    bench.turn(begun)
    bench.runner.lease.release()
    with store.database.reading() as connection:
        counted = connection.execute(select(func.count(), func.count(stacks.c.state)).select_from(stacks)).one()
    assert counted == (WORKERS, begun)


def assert_same(store: Store, uninterrupted: Store) -> None:
    assert_same_numbers(store.history(PLANNED.id)[0], uninterrupted.history(PLANNED.id)[0])
    assert_same_numbers(store.layers(PLANNED.id)[0], uninterrupted.layers(PLANNED.id)[0])
    for run in PLANNED.runs():
        assert store.weights(run.key) == uninterrupted.weights(run.key)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("begun", range(WORKERS))
def test_a_runner_that_ends_before_every_stack_has_begun_is_followed_to_the_same_bits(store, uninterrupted, begun, workers):
    left_by_a_runner(store, begun)
    bench = Bench(store, worker.compute, slots=workers)
    bench.finish(PLANNED.id)
    assert_same(store, uninterrupted)


def test_a_comparison_that_is_cancelled_before_every_stack_has_begun_goes_on_to_the_same_bits(store, uninterrupted):
    left_by_a_runner(store, 1)
    bench = Bench(store, worker.compute, slots=1)
    store.request(PLANNED.id, "cancel")
    bench.turn()
    bench.finish(store.request(PLANNED.id, "run"))
    assert_same(store, uninterrupted)


def test_runs_that_are_planned_beside_runs_that_nobody_wants_are_planned_anew(store):
    left_by_a_runner(store, 0)
    bench = Bench(store, worker.compute, slots=1)
    bench.finish(store.request(PLANNED.id, "cancel"))
    part = comparison(0.1, seeds=2, data={"kind": "digits"}, model={"kind": "mlp", "hidden": [17]}, training={"epochs": 2})
    bench.finish(store.request(part, "run"))
    assert store.progress(part.id).state == "finished"
    assert store.progress(PLANNED.id).runs_done == len(part.runs())
