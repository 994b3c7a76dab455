"""Several comparisons asked at once stand as each does by itself, in two readings of the store however many they are."""

from __future__ import annotations

import pytest

from core.runs.store.standings import standings
from tests.runs.helpers import Bench, comparison


@pytest.fixture
def stood(store):
    """Comparisons in every state: finished, half done, paused, asked for, cancelled, never asked for, and such that share runs."""
    bench = Bench(store)
    finished, half, paused, cancelled = comparison(0.1), comparison(0.2), comparison(0.3), comparison(0.4)
    bench.finish(store.request(finished, "run"))
    for begun in (half, paused, cancelled):
        store.request(begun, "run")
    store.request(paused, "pause")
    store.request(cancelled, "cancel")
    bench.turn()
    asked, shares, new = comparison(0.5), comparison(0.1, 0.6), comparison(0.7)
    store.request(asked, "run")
    return [finished, half, paused, cancelled, asked, shares, new]


def test_each_stands_as_its_own_progress_says(store, stood):
    found = standings(store, stood)
    assert list(found) == [each.id for each in stood]
    states = set()
    for each in stood:
        own, mine = store.progress(each), found[each.id]
        states.add(mine.state)
        assert (mine.state, mine.pending, mine.active, mine.message) == (own.state, own.pending is not None, own.active, own.message)
        assert (mine.runs, mine.runs_done, mine.epochs_total) == (own.runs, own.runs_done, own.epochs_total)
        assert mine.epochs_done == own.epochs_done
    assert {"finished", "paused", "cancelled", "new"} <= states, states
    assert found[stood[5].id].runs_done == 2, "of one that was never asked for, what others left counts"


def test_none_are_none(store):
    assert standings(store, []) == {}
