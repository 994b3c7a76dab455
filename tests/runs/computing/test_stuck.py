"""Workers that die in the middle of their result, or stand still: their work goes to others, and the runner ends when it is asked to."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.runs.store import Store
from tests.runs.helpers import Bench, assert_same_numbers, comparison, gone, until
from tests.runs.processes import RUNNER, Family, at_rest, started

COMPARISON = comparison(0.1, 0.01, seeds=2, training={"epochs": 8})

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def kept(home: Path) -> Iterator[Store]:
    """The store that the runner finds by TANDEM_HOME, in which it is asked for a comparison."""
    store = Store(f"sqlite:///{home / 'tandem.db'}")
    store.request(COMPARISON, "run")
    yield store
    store.close()


@pytest.fixture
def runner(kept: Store, tmp_path: Path) -> Iterator[Family]:
    with started(RUNNER, tmp_path, TANDEM_WORKERS="2") as family:
        yield family


def marked(home: Path, mark: str, count: int) -> list[psutil.Process]:
    """The workers that have come so far, once there are so many."""
    found = until(lambda: len(list(home.glob(f"{mark}-*"))) >= count and list(home.glob(f"{mark}-*")), f"{count} workers {mark}")
    return [psutil.Process(int(each.name.partition("-")[2])) for each in found]


def blocked_in_their_results(home: Path, runner: Family) -> list[psutil.Process]:
    """Stops the runner, and lets both of its workers come as far as the pipe takes their results."""
    marked(home, "computing", 2)
    runner.process.suspend()
    (home / "go").touch()
    workers = marked(home, "writing", 2)
    until(lambda: all(map(at_rest, workers)), "their rest")
    return workers


def assert_finished_as_uninterrupted(store: Store) -> None:
    until(lambda: store.progress(COMPARISON.id).state == "finished", "the end of the comparison")
    expected = Store.in_memory()
    Bench(expected, slots=2).finish(expected.request(COMPARISON, "run"))
    assert_same_numbers(store.history(COMPARISON.id)[0], expected.history(COMPARISON.id)[0])
    expected.close()


def test_a_worker_killed_in_the_middle_of_its_result_costs_nothing_but_time(home, kept, runner):
    first, _ = blocked_in_their_results(home, runner)
    first.kill()
    runner.process.resume()
    assert_finished_as_uninterrupted(kept)
    assert runner.process.is_running()


def test_a_worker_stopped_in_the_middle_of_its_result_is_replaced(home, kept, tmp_path):
    with started(RUNNER, tmp_path, TANDEM_WORKERS="2", TANDEM_WORKER_SILENCE="7") as runner:
        first, _ = blocked_in_their_results(home, runner)
        first.suspend()
        runner.process.resume()
        said = until(lambda: kept.progress(COMPARISON.id).trouble, "a word about it")
        assert said.startswith(f"The worker process {first.pid} has used no processor time for 5 s")
        assert_finished_as_uninterrupted(kept)
        until(lambda: gone([first]), "the end of the stopped worker")
        until(lambda: not kept.progress(COMPARISON.id).trouble, "the end of the trouble")


@pytest.mark.parametrize(("asked", "worker"), [("stdin", "killed"), ("SIGTERM", "stopped")])
def test_a_runner_ends_when_it_is_asked_to_whatever_its_workers_do(home, runner, asked, worker):
    first, second = blocked_in_their_results(home, runner)
    first.kill() if worker == "killed" else first.suspend()
    everybody = runner.descendants
    if asked == "stdin":
        runner.process.stdin.close()
    else:
        runner.process.send_signal(signal.SIGTERM)
    runner.process.resume()
    assert runner.process.wait(100) == 0
    until(lambda: gone([*everybody, first, second]), "the end of its processes")


def test_a_stopped_worker_ends_with_a_runner_that_is_killed(home, runner):
    first, _ = marked(home, "computing", 2)
    first.suspend()
    runner.kill()
    until(lambda: gone([first]), "the end of the stopped worker")
