"""A few rounds of `make kills`, with a seed that is fixed."""

from __future__ import annotations

import random

import pytest

from scripts import kills


@pytest.mark.timeout(600)
def test_processes_that_are_killed_by_chance_leave_the_same_numbers_and_nothing_else(tmp_path):
    assert [(str(strike), wrong) for strike, _, wrong in kills.rounds(3, seed=5, folder=tmp_path) if wrong] == []


def test_every_kind_of_strike_comes_up():
    chance = random.Random(0)
    struck = {(strike.victim, strike.stop) for strike in (kills.Strike.by_chance(chance) for _ in range(300))}
    assert struck == {(victim, stop) for victim in kills.VICTIMS for stop in (True, False)}
