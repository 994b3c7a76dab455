"""Following a comparison: what is read, what is kept, and when the page looks again."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest
from pandas import DataFrame
from sqlalchemy import select

from core.analysis.shown.over_seeds import level
from core.engine.records import Records
from core.runs.store import Store, ledger, recording
from core.runs.store.schema import runs
from core.ui.results import live
from core.ui.results.live import PAUSED, SOON, STEADY, Reader, interval
from tests.runs.helpers import comparison, records_of

TWO = comparison(0.1, 0.01, seeds=2)
FIRST, SECOND = TWO.runs()[:2]


@pytest.fixture
def store(tmp_path):
    """A store in which TWO was asked for, and the request was taken up."""
    store = Store(f"sqlite:///{tmp_path / 'tandem.db'}")
    store.request(TWO, "run")
    with store.database.writing() as connection:
        ledger.take_request(connection)
        ledger.set_state(connection, TWO.id, "running")
    yield store
    store.close()


def write(store: Store, records: Records) -> None:
    with store.database.writing() as connection:
        ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
        recording.record(connection, ids, records)


def set_state(store: Store, state: str) -> None:
    with store.database.writing() as connection:
        ledger.set_state(connection, TWO.id, state)


def steps(frame: DataFrame) -> list[tuple[str, int]]:
    return list(zip(frame["run"], frame["step"], strict=True))


def busy(seconds: float) -> str:
    """Something that takes so much processor time."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass
    return "made"


def test_results_are_the_same_object_until_something_happens(store):
    reader = Reader(store, TWO)
    before = reader.latest()
    assert reader.latest() is before
    write(store, records_of(FIRST, 0, 10))
    after = reader.latest()
    assert steps(after.history) == [(FIRST.key, 0), (FIRST.key, 10)]
    assert before.history.empty, "results that were given out do not change"


def test_a_reader_ends_up_with_all_that_the_store_has(store):
    reader = Reader(store, TWO)
    for step in (0, 10, 20):
        for run in reversed(TWO.runs()):
            write(store, records_of(run, step))
            reader.latest()
    for read, stored in ((reader.latest().history, store.history(TWO)[0]), (reader.latest().layers, store.layers(TWO)[0])):
        assert list(read["variant"].cat.categories) == TWO.names
        assert read.astype({"variant": "str"}).equals(stored)


def test_after_drawing_new_rows_wait_but_progress_does_not(store, monkeypatch):
    monkeypatch.setattr(live, "REST", 1e6)
    reader = Reader(store, TWO)
    write(store, records_of(FIRST, 0))
    drawn = reader.latest()
    drawn.once("chart", lambda: busy(0.05))
    write(store, records_of(FIRST, 10))
    waiting = reader.latest()
    assert waiting.history is drawn.history
    assert waiting.progress.epochs_done == 1
    set_state(store, "cancelled")
    assert steps(reader.latest().history) == [(FIRST.key, 0), (FIRST.key, 10)], "what has ended is drawn at once"


def test_the_first_rows_do_not_wait(store, monkeypatch):
    monkeypatch.setattr(live, "REST", 1e6)
    reader = Reader(store, TWO)
    reader.latest().once("chart", lambda: busy(0.05))
    write(store, records_of(FIRST, 0))
    assert not reader.latest().empty


def test_what_may_be_behind_makes_nothing_wait(store, monkeypatch):
    monkeypatch.setattr(live, "REST", 1e6)
    reader = Reader(store, TWO)
    write(store, records_of(FIRST, 0))
    reader.latest().once("detail", lambda: busy(0.05), patience=4.0)
    write(store, records_of(FIRST, 10))
    assert len(reader.latest().history) == 2


def test_a_thing_is_made_once_for_the_same_results(store, monkeypatch):
    monkeypatch.setattr(live, "REST", 0.0)
    reader, made = Reader(store, TWO), []
    write(store, records_of(FIRST, 0))
    for _ in range(3):
        assert reader.latest().once("thing", lambda: made.append(1) or len(made)) == 1
    write(store, records_of(FIRST, 10))
    assert reader.latest().once("thing", lambda: made.append(1) or len(made)) == 2
    assert reader.latest().once("other", lambda: "other") == "other"


def test_with_patience_an_older_thing_is_good_enough_while_it_runs(store, monkeypatch):
    monkeypatch.setattr(live, "REST", 0.0)
    reader = Reader(store, TWO)
    write(store, records_of(FIRST, 0))
    assert reader.latest().once("thing", lambda: "old", patience=1e6) == "old"
    write(store, records_of(FIRST, 10))
    assert reader.latest().once("thing", lambda: "new", patience=1e6) == "old"
    assert reader.latest().once("thing", lambda: "new", patience=0) == "new"
    write(store, records_of(FIRST, 20))
    set_state(store, "cancelled")
    assert reader.latest().once("thing", lambda: "newest", patience=1e6) == "newest"


def test_what_is_kept_is_bounded(store, monkeypatch):
    monkeypatch.setattr(live, "MOST_KEPT", 3)
    results = Reader(store, TWO).latest()
    for name in range(5):
        results.once(name, partial(int, name))
    assert [results.once(name, lambda: "again") for name in (4, 3, 2)] == [4, 3, 2]
    assert results.once(0, lambda: "again") == "again"


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"state": "running"}, STEADY),
        ({"state": "queued"}, STEADY),
        ({"state": "paused"}, PAUSED),
        ({"state": "paused", "pending": "resume"}, STEADY),
        ({"state": "finished"}, None),
        ({"state": "cancelled"}, None),
        ({"state": "failed"}, None),
        ({"state": "new"}, None),
    ],
)
def test_a_page_looks_again_only_while_something_may_come(store, changes, seconds):
    write(store, records_of(FIRST, 0))
    results = Reader(store, TWO).latest()
    assert interval(replace(results, progress=replace(results.progress, **changes))) == seconds


def test_a_page_looks_sooner_before_the_first_points(store):
    assert interval(Reader(store, TWO).latest()) == SOON


def test_runs_that_are_ahead_of_their_variants_slowest_wait_for_it(store):
    third = TWO.runs()[2]
    write(store, records_of(FIRST, 0, 10, 20))
    write(store, records_of(SECOND, 0, 10))
    write(store, records_of(third, 0, 10, 20))
    history, layers = level(store.history(TWO)[0], store.layers(TWO)[0])
    assert steps(history) == [*((key, step) for key in (FIRST.key, SECOND.key) for step in (0, 10)), *((third.key, s) for s in (0, 10, 20))]
    assert list(dict.fromkeys(steps(layers))) == steps(history)


@pytest.mark.parametrize("status", ["finished", "stopped", "diverged"])
def test_runs_that_have_ended_wait_for_nobody(store, status):
    write(store, records_of(FIRST, 0, 10, 20, status=status))
    write(store, records_of(SECOND, 0))
    history, _ = level(store.history(TWO)[0], store.layers(TWO)[0])
    assert steps(history) == [(FIRST.key, 0), (FIRST.key, 10), (FIRST.key, 20), (SECOND.key, 0)]
