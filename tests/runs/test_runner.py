from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from core.engine.segments import Segment, SegmentResult
from core.runs.computing.executors import InlineExecutor, Pool, make_executor
from core.runs.computing.worker import SegmentError
from core.runs.runner import MOST_CRASHES, Runner
from core.runs.store import Store
from tests.runs.helpers import STEPS_PER_EPOCH, Bench, Log, assert_same_numbers, comparison, pretend, running, until

LONG = comparison(0.1, 0.01, training={"epochs": 30})
POISON = 0.666


def die_once(mark: Path, segment: Segment) -> SegmentResult:
    """As `pretend`, but the first that goes on from a state kills its worker."""
    if segment.state is not None and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return pretend(segment)


def die_of_poison(segment: Segment) -> SegmentResult:
    """As `pretend`, but slowly enough for two to be on their way; the poison kills its worker."""
    if any(run.optimizer.lr == POISON for run in segment.runs):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return pretend(segment)


def fail_on_fast_rates(segment: Segment) -> SegmentResult:
    if any(run.optimizer.lr > 0.05 for run in segment.runs):
        raise SegmentError("the table has no column of that name")
    return pretend(segment)


class Fragile(Executor):
    """Breaks at the segments of these numbers, as one of processes does when a worker is killed."""

    def __init__(self, *breaks: int) -> None:
        self.breaks, self.submitted = breaks, 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        future: Future = Future()
        if self.submitted in self.breaks:
            future.set_exception(BrokenExecutor("a worker died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_runner_does_what_is_asked_while_it_runs(store, url):
    with running(store, Pool.around(InlineExecutor()), compute=pretend):
        asking = Store(url)
        asking.request(LONG, "run")
        until(lambda: asking.progress(LONG.id).state == "finished", "the end")
        assert asking.progress(LONG.id).runner
        asking.close()
    assert not store.progress(LONG.id).runner


def test_a_second_runner_waits_and_takes_over(store, url):
    log = Log()
    with running(store, Pool.around(InlineExecutor()), compute=pretend) as first:
        until(lambda: first.lease.database and store.request(LONG, "pause"), "the request")
        standby = Store(url)
        with running(standby, Pool.around(InlineExecutor()), compute=log):
            first_done = until(lambda: store.progress(LONG.id).state == "paused", "the pause")
            assert first_done
            assert log.segments == []
            store.request(LONG.id, "step")
            until(lambda: not store.progress(LONG.id).active, "the step")
            assert log.segments == []
    with running(store, Pool.around(InlineExecutor()), compute=log):
        store.request(LONG.id, "resume")
        until(lambda: store.progress(LONG.id).state == "finished", "the end")
    assert {segment.state is None for segment in log.segments} == {False}
    standby.close()


def test_segments_that_were_lost_with_the_pool_are_computed_again(store):
    expected = Store.in_memory()
    Bench(expected).finish(expected.request(LONG, "run"))
    made: list[Fragile] = []

    def make() -> Executor:
        made.append(Fragile(*((3,) if len(made) < 2 else ())))
        return made[-1]

    pool = Pool(make, slots=1)
    pool.warm = lambda: None
    with running(store, pool, compute=pretend):
        store.request(LONG, "run")
        until(lambda: store.progress(LONG.id).state == "finished", "the end")
    assert len(made) == 3
    assert_same_numbers(store.history(LONG.id)[0], expected.history(LONG.id)[0])
    expected.close()


def test_a_stack_that_kills_every_worker_fails_its_comparison_alone(store):
    poisonous = comparison(POISON)
    with running(store, Pool(lambda: make_executor(2), slots=2), compute=die_of_poison):
        store.request(LONG, "run")
        store.request(poisonous, "run")
        until(lambda: store.progress(poisonous.id).state == "failed", "the failure")
        until(lambda: not store.progress(LONG.id).active, "the end of the other")
    assert f"died, {MOST_CRASHES} times" in store.progress(poisonous.id).message
    assert store.progress(LONG.id).state == "finished"


def test_a_worker_that_dies_once_costs_nothing(store, tmp_path):
    mark = tmp_path / "died"
    with running(store, Pool(lambda: make_executor(2), slots=2), compute=partial(die_once, mark)):
        store.request(LONG, "run")
        until(lambda: store.progress(LONG.id).state == "finished", "the end")
    assert mark.exists()
    frame, _ = store.history(LONG.id)
    assert frame["step"].tolist() == [epoch * STEPS_PER_EPOCH for epoch in range(31)] * 4


def test_a_segment_that_fails_fails_its_comparison_and_the_runner_goes_on(store):
    bench = Bench(store, fail_on_fast_rates)
    good, bad = comparison(0.01), comparison(0.01, 0.1, training={"epochs": 2})
    for each in (bad, good):
        store.request(each, "run")
    bench.finish(bad.id, good.id)
    progress = store.progress(bad.id)
    assert (progress.state, progress.message) == ("failed", "the table has no column of that name")
    assert store.progress(good.id).state == "finished"
    assert set(store.runs(bad.id)["status"]) == {"cancelled"}


def fail_after_the_first(segment: Segment) -> SegmentResult:
    return pretend(segment) if segment.state is None else fail_on_fast_rates(segment)


def test_what_arrives_together_with_a_failure_of_the_same_comparison_is_not_written(store):
    bench = Bench(store, fail_after_the_first, slots=2)
    for number in range(8):  # two segments that are done at once come in either order
        bad = comparison(0.1 + number, 0.01 / (1 + number), training={"epochs": 20})
        bench.finish(store.request(bad, "run"))
        assert store.progress(bad.id).state == "failed"
        assert set(store.runs(bad.id)["status"]) == {"cancelled"}
        assert set(store.history(bad.id)[0].groupby("run")["status"].last()) == {"cancelled"}


def test_an_exception_that_nobody_foresaw_fails_its_comparison_alone(store):
    bench = Bench(store, lambda segment: pretend(segment) if len(segment.runs) > 2 else {}["key"])
    good, bad = comparison(0.1, 0.01), comparison(0.3)
    for each in (bad, good):
        store.request(each, "run")
    bench.finish(bad.id, good.id)
    assert (store.progress(bad.id).state, store.progress(bad.id).message) == ("failed", "KeyError: 'key'")
    assert store.progress(good.id).state == "finished"


def large(segment: Segment) -> SegmentResult:
    advance = pretend(segment)
    return replace(advance, state=bytes(50_000) if segment.runs[0].optimizer.lr > 0.05 and advance.state else advance.state)


def test_a_stack_that_sqlite_cannot_keep_fails_its_comparison_alone(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'tandem.db'}")  # PostgreSQL's limit cannot be lowered
    limit = sqlite3.SQLITE_LIMIT_LENGTH
    event.listen(store.database.engine, "checkout", lambda connection, *_: connection.setlimit(limit, 20_000))
    bench = Bench(store, large)
    good, bad = comparison(0.01), comparison(0.1)
    for each in (bad, good):
        store.request(each, "run")
    bench.finish(bad.id, good.id)
    assert store.progress(bad.id).state == "failed"
    assert "cannot keep such a large stack" in store.progress(bad.id).message
    assert store.history(bad.id)[0].empty, "half of the segment was written"
    assert store.progress(good.id).state == "finished"


def test_a_failed_comparison_can_be_run_again(store):
    bench = Bench(store, fail_on_fast_rates)
    bad = comparison(0.1)
    bench.finish(store.request(bad, "run"))
    bench.runner.compute = pretend
    bench.finish(store.request(bad.id, "run"))
    assert (store.progress(bad.id).state, store.progress(bad.id).message) == ("finished", "")


def test_a_failure_fails_every_comparison_that_waits_for_the_stack(store):
    bench = Bench(store, fail_on_fast_rates)
    one, two = comparison(0.1), comparison(0.1, 0.01)
    for each in (one, two):
        store.request(each, "run")
    bench.finish(one.id, two.id)
    assert [store.progress(each.id).state for each in (one, two)] == ["failed", "failed"]


def test_a_callers_executor_is_not_ended_and_its_end_is_told(store):
    executor = Fragile(1)
    runner = Runner(store, Pool.around(executor), compute=pretend)
    store.request(LONG, "run")
    with pytest.raises(BrokenExecutor):
        runner.run(threading.Event())
    runner.run(threading.Event(), until=lambda: not store.progress(LONG.id).active)
    assert store.progress(LONG.id).state == "finished"
