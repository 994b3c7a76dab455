"""Labs in the store: asked for once, computed beside comparisons, taken up again when a runner ended; and nothing else is called."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from core.labs.networks import xor
from core.runs import labs
from core.runs.computing.executors import InlineExecutor, Pool
from core.runs.runner import Runner
from core.runs.store import guesses
from tests.runs.helpers import comparison

XOR = "core.labs.networks.xor.truth_table"
KEY = "k" * 16


def run(store):
    """A runner that serves the store until no lab is on its way."""
    states = ("queued", "running")
    runner = Runner(store, Pool.around(InlineExecutor()))
    runner.run(threading.Event(), until=lambda: labs.standing(store, [KEY])[KEY].state not in states)


def test_a_lab_that_was_asked_for_is_computed_and_kept(store):
    assert labs.standing(store, [KEY])[KEY].state == "new"
    labs.ask(store, KEY, XOR, {})
    assert labs.found(store, KEY) is None
    run(store)
    frame, seconds = labs.found(store, KEY)
    pd.testing.assert_frame_equal(frame, xor.truth_table())
    assert seconds >= 0
    labs.ask(store, KEY, XOR, {})
    assert labs.standing(store, [KEY])[KEY].state == "finished", "what is stored is not asked for again"


def test_labs_and_comparisons_go_on_beside_each_other(store):
    labs.ask(store, KEY, XOR, {})
    asked = store.request(comparison(0.1), "run")
    Runner(store, Pool.around(InlineExecutor())).run(threading.Event(), until=lambda: not store.progress(asked).active)
    assert labs.standing(store, [KEY])[KEY].state == "finished"
    assert store.progress(asked).state == "finished"


@pytest.mark.parametrize("name", ["os.system", "core.runs.labs.compute", "core.labs.networks.xor.nothing", "core.labs.none.such"])
def test_what_is_no_lab_is_not_called(store, name):
    labs.ask(store, KEY, name, {})
    run(store)
    reached = labs.standing(store, [KEY])[KEY]
    assert reached.state == "failed"
    assert reached.message
    assert labs.found(store, KEY) is None


def test_what_failed_may_be_asked_for_again(store):
    labs.ask(store, KEY, "core.labs.networks.xor.nothing", {})
    run(store)
    labs.ask(store, KEY, XOR, {})
    run(store)
    assert labs.standing(store, [KEY])[KEY].state == "finished"


def test_what_a_killed_runner_left_running_is_taken_up_again(store):
    labs.ask(store, KEY, XOR, {})
    with store.database.writing() as connection:
        assert labs.take(connection).name == XOR
        assert labs.take(connection) is None
    run(store)
    assert labs.found(store, KEY) is not None


def test_a_paused_lab_waits_until_it_is_asked_for_again(store):
    labs.ask(store, KEY, XOR, {})
    labs.pause(store, [KEY])
    run(store)
    assert labs.standing(store, [KEY])[KEY].state == "paused"
    labs.ask(store, KEY, XOR, {})
    run(store)
    assert labs.found(store, KEY) is not None


def test_guesses_are_kept_changed_and_forgotten(store):
    guesses.keep(store, "05", 1)
    guesses.keep(store, "18b", guesses.SHOWN)
    guesses.keep(store, "05", 2)
    assert guesses.known(store) == {"05": 2, "18b": -1}
    guesses.forget(store, "05")
    assert guesses.known(store) == {"18b": -1}
