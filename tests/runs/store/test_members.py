"""Comparisons that were never asked for, of which others have left runs in the store."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.engine.records import Records
from core.runs.store import Store, recording
from core.runs.store.schema import runs
from tests.runs.helpers import comparison, records_of

STORED = comparison(0.1, 0.01, seeds=2)
WIDER = comparison(0.03, 0.01, 0.1, seeds=3)
SHARED = {run.key for run in STORED.runs()}


def write(store: Store, records: Records) -> None:
    with store.database.writing() as connection:
        ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
        recording.record(connection, ids, records)


@pytest.fixture
def trained(store: Store) -> Store:
    """A store in which STORED is trained."""
    store.request(STORED, "run")
    for run in STORED.runs():
        write(store, records_of(run, 0, 10, 30, status="finished"))
    return store


def test_it_is_read_what_other_comparisons_left_in_its_own_order(trained):
    expected = [(variant, run.seed, run.key) for variant, run in WIDER.members if run.key in SHARED]
    assert list(trained.runs(WIDER)[["variant", "seed", "run"]].itertuples(index=False, name=None)) == expected
    for frame in (trained.history(WIDER)[0], trained.layers(WIDER)[0], trained.histograms(WIDER), trained.grids(WIDER)):
        assert list(frame[["variant", "seed", "run"]].drop_duplicates().itertuples(index=False, name=None)) == expected
    assert set(trained.histograms(WIDER, seed=1)["seed"]) == {1}


def test_it_has_the_numbers_that_the_other_comparison_has(trained):
    own = trained.history(STORED.id)[0].set_index(["run", "step"]).sort_index()
    through = trained.history(WIDER)[0].set_index(["run", "step"]).sort_index()
    assert through.equals(own)


def test_it_is_new_and_counts_what_is_there(trained):
    progress = trained.progress(WIDER)
    assert (progress.state, progress.pending, progress.active) == ("new", None, False)
    assert (progress.runs, progress.runs_done, progress.epochs_done, progress.epochs_total) == (9, 4, 12, 27)
    assert trained.count() == 1, "looking at a comparison does not write it down"


def test_of_an_empty_store_there_is_nothing(store):
    assert (store.progress(WIDER).runs_done, store.progress(WIDER).version) == (0, 0)
    assert store.history(WIDER)[0].empty
    assert store.runs(WIDER).empty


def test_asking_for_it_leaves_what_was_read(trained):
    known = trained.follow(WIDER)
    trained.request(WIDER, "run")
    assert trained.progress(WIDER).state == "queued"
    assert trained.follow(WIDER, known)[0].equals(known[0])
    assert trained.history(WIDER)[0].equals(trained.history(WIDER.id)[0])


def test_following_forgets_runs_that_were_deleted_meanwhile(trained):
    known, before = trained.follow(WIDER), trained.progress(WIDER)
    trained.delete(STORED.id)
    assert trained.progress(WIDER).version != before.version
    assert trained.follow(WIDER, known)[0].empty


def test_following_forgets_runs_that_were_deleted_and_begun_anew(trained):
    known = trained.follow(STORED)
    trained.delete(STORED.id)
    trained.request(STORED, "run")
    first = STORED.runs()[0]
    write(trained, records_of(first, 0))
    frame, _ = trained.follow(STORED, known)
    assert list(zip(frame["run"], frame["step"], strict=True)) == [(first.key, 0)]
