"""How much else the runner has to do."""

from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.runs import labs
from core.runs.store import Store, queue


def comparison(lr: float) -> Comparison:
    return Comparison.load({"base": {"data": {"kind": "moons"}}, "vary": {"optimizer.lr": [lr, 2 * lr]}, "seeds": 2})


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


def ask(store: Store, *keys: str) -> None:
    for key in keys:
        labs.ask(store, key, "core.labs.nothing", {})


def test_labs_count_that_were_asked_for_before_and_those_being_computed(store):
    ask(store, "first", "second", "mine", "later")
    assert queue.others(store, [], ["mine"]) == 2
    assert queue.others(store, [], ["first", "mine"]) == 1
    assert queue.others(store, [], ["first"]) == 0
    with store.database.writing() as connection:
        assert labs.take(connection).key == "first"
        labs.keep(connection, "first", b"", 0.1)
        assert labs.take(connection).key == "second"
    assert queue.others(store, [], ["mine"]) == 1
    labs.pause(store, ["later", "mine"])
    assert queue.others(store, [], ["none of them"]) == 1


def test_all_other_comparisons_that_are_under_way_count(store):
    mine, other = comparison(0.01), comparison(0.02)
    assert queue.others(store, [mine.id], []) == 0
    store.request(other, "run")
    store.request(mine, "run")
    ask(store, "lab")
    assert queue.others(store, [mine.id], []) == 2, "the other comparison, and the lab"
    assert queue.others(store, [mine.id], ["lab"]) == 1
    assert queue.others(store, [mine.id, other.id], ["lab"]) == 0
