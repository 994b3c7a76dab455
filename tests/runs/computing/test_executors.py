from __future__ import annotations

import os
import sys
import time
import types

import psutil
import pytest

from core.engine.segments import Segment
from core.runs.computing import worker
from core.runs.computing.executors import InlineExecutor, Pool, executor_from, make_executor
from core.runs.computing.worker import SegmentError
from core.runs.configuration import Configuration, ConfigurationError
from tests.runs.helpers import gone, settings, until
from tests.runs.processes import EXECUTOR, started


def threads_and_niceness() -> tuple[int, int]:
    import torch

    return torch.get_num_threads(), os.nice(0)


def test_a_worker_has_one_thread_and_yields_to_others():
    before = os.nice(0)
    with make_executor(1) as executor:
        threads, niceness = executor.submit(threads_and_niceness).result()
    assert threads == 1
    assert niceness == min(before + worker.NICENESS, 19)


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    with started(EXECUTOR, tmp_path) as family:
        until(lambda: len([each for each in family.descendants for _ in each.children()]) >= 2, "two workers")
        everybody = family.descendants
        family.kill()
        assert len(everybody) >= 3
        until(lambda: gone(everybody), "the end of all")


def test_a_worker_computes_what_this_process_computes():
    segment = Segment((settings(),), epochs=2)
    with make_executor(1) as executor:
        there = executor.submit(worker.compute, segment).result()
    here = worker.compute(segment)
    assert [row["val_loss"] for row in there.records.history] == [row["val_loss"] for row in here.records.history]
    assert there.records.layers[-1]["counts"] == here.records.layers[-1]["counts"]
    assert there.epoch == here.epoch == 2


def test_data_that_cannot_be_had_is_told_in_the_users_words():
    lost = settings(data={"kind": "table", "sha256": "0" * 64, "target": "y"})
    with make_executor(1) as executor, pytest.raises(SegmentError, match="Upload it again"):
        executor.submit(worker.compute, Segment((lost,))).result()


def test_anything_else_that_goes_wrong_is_told_with_its_kind(caplog):
    with pytest.raises(SegmentError, match="Error: "):
        worker.compute(Segment((settings(),), state=b"no state of any stack"))
    assert "a segment failed" in caplog.text


def test_inline_computes_at_once_and_gives_the_threads_back():
    import torch

    torch.set_num_threads(2)
    future = InlineExecutor().submit(torch.get_num_threads)
    assert future.done()
    assert (future.result(), torch.get_num_threads()) == (1, 2)
    assert isinstance(InlineExecutor().submit(int, "x").exception(), ValueError)


def test_ending_a_pool_ends_workers_that_are_busy():
    pool = Pool(lambda: make_executor(2), slots=2)
    workers = [psutil.Process(pool.submit(os.getpid).result())]
    futures = [pool.submit(time.sleep, 600) for _ in range(2)]
    until(lambda: all(future.running() for future in futures), "both at work")
    pool.end()
    until(lambda: all(future.done() for future in futures) and gone(workers), "the end")


def test_a_cluster_is_asked_for_by_its_address(monkeypatch):
    asked = []

    class Client:
        def __init__(self, address: str) -> None:
            asked.append(address)

        def get_executor(self, **options: bool) -> InlineExecutor:
            asked.append(options)
            return InlineExecutor()

    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    assert isinstance(executor_from(Configuration(cluster="tcp://host:8786")), InlineExecutor)
    assert asked == ["tcp://host:8786", {"pure": False}]


def test_a_cluster_without_dask_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigurationError, match="pip install distributed"):
        executor_from(Configuration(cluster="tcp://host:8786"))
