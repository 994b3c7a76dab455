from __future__ import annotations

import psutil
import pytest

from core.runs import child
from core.runs.configuration import Configuration
from core.runs.store import Store
from tests.runs.helpers import comparison, gone, until


@pytest.fixture
def configuration():
    made = Configuration(workers=1)
    yield made
    child.ensure_runner(made).end()


def runners() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if not gone([each]) and "runner" in each.cmdline()]


def test_there_is_one_runner_however_often_it_is_asked_for(configuration):
    for _ in range(5):
        child.ensure_runner(configuration)
    assert len(runners()) == 1


def test_the_runner_is_found_from_any_folder_that_may_hold_another_core(configuration, tmp_path, monkeypatch):
    (tmp_path / "core.py").write_text("raise SystemExit('the wrong core')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    store = Store(configuration.store)
    asked = store.request(comparison(0.1), "run")
    child.ensure_runner(configuration)
    until(lambda: store.progress(asked).state == "finished", "the end")
    assert store.history(asked)[0]["val_loss"].notna().all()
    store.close()


def another_than(first: psutil.Process) -> psutil.Process:
    """The runner that has taken its place; it has not become a zombie meanwhile."""
    assert until(lambda: [each for each in runners() if each.pid != first.pid], "the next runner")
    assert not first.is_running()
    (second,) = runners()
    return second


def test_a_runner_that_died_is_collected_and_started_again_though_nobody_asks_for_it(configuration):
    child.ensure_runner(configuration)
    (first,) = runners()
    first.kill()
    second = another_than(first)
    second.kill()
    another_than(second)


def test_a_runner_that_stands_still_is_replaced():
    impatient = Configuration(workers=1, worker_silence=2)
    keeper = child.ensure_runner(impatient)
    (first,) = runners()
    first.suspend()
    another_than(first)
    keeper.end()


def test_a_runner_that_dies_again_and_again_is_started_ever_more_slowly_up_to_a_minute():
    pauses = [0.0]
    for _ in range(9):
        pauses.append(child.next_pause(pauses[-1], lived=0.5))
    assert pauses[1:] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert child.next_pause(60.0, lived=3600) == 1


def test_ending_the_runner_leaves_no_process(configuration):
    store = Store(configuration.store)
    asked = store.request(comparison(0.1), "run")
    child.ensure_runner(configuration)
    (runner,) = runners()
    until(lambda: store.progress(asked).state == "finished", "the end")
    family = [runner, *runner.children(recursive=True)]
    assert len(family) >= 3
    child.ensure_runner(configuration).end()
    until(lambda: gone(family), "the end of the runner's processes")
    assert not store.progress(asked).runner
    store.close()


def test_no_password_is_in_the_command_line():
    configuration = Configuration(store="postgresql://me:secret@127.0.0.1:1/name")
    keeper = child.ensure_runner(configuration)
    assert "secret" not in " ".join(part for each in runners() for part in each.cmdline())
    keeper.end()
