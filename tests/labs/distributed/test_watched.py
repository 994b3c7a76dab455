"""A cluster as it is watched: its three parts say the same as the simulation, and every worker's time is told without a gap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pandas import DataFrame

from core.labs.distributed import watched
from core.labs.distributed.parameter_server import Cluster, simulate

SMALL = {"hidden": 5, "batch_size": 7, "workers": 4, "seconds": 30.0}
RULES = ["synchronous", "backup", "asynchronous", "staleness_aware"]


def of(part, frame):
    return frame[frame["part"] == part].dropna(axis=1, how="all")


@pytest.mark.parametrize("dies_at", [None, 6.5])
@pytest.mark.parametrize("rule", RULES)
def test_every_workers_time_is_told_without_gap_or_overlap(rule, dies_at):
    work = of("work", watched.watch(1, 20.0, rule=rule, dies_at=dies_at, **SMALL))
    assert sorted(work["worker"].unique()) == [0, 1, 2, 3]
    for _, rows in work.groupby("worker"):
        ordered = rows.sort_values("begin")
        assert ordered["begin"].iloc[0] == 0
        assert ordered["end"].iloc[-1] == 20
        np.testing.assert_array_equal(ordered["begin"].iloc[1:], ordered["end"].iloc[:-1])
    dead = work[work["state"] == "dead"]
    assert dead[["worker", "begin"]].to_numpy().tolist() == ([] if dies_at is None else [[0, 6.5]])


def test_whoever_is_faster_waits_at_a_barrier_for_the_rest_of_the_round():
    even = {"fastest": 1, "slowest": 1, "straggler": 5}
    work = of("work", watched.watch(1, 20.0, rule="synchronous", **even, **SMALL))
    spent = work.assign(time=work["end"] - work["begin"]).groupby(["worker", "state"])["time"].sum()
    assert spent.to_dict() == {(0, "computes"): 4, (0, "waits"): 16, (1, "computes"): 4, (1, "waits"): 16, (2, "computes"): 4,
                               (2, "waits"): 16, (3, "computes"): 20}  # fmt: skip
    free = of("work", watched.watch(1, 20.0, rule="asynchronous", **even, **SMALL))
    assert set(free["state"]) == {"computes"}
    dropped = of("work", watched.watch(1, 20.0, rule="backup", **even, **SMALL))
    assert set(dropped[dropped["worker"] == 3]["state"]) == {"wasted"}


@pytest.mark.parametrize("rule", RULES)
def test_loss_and_staleness_are_the_simulations(rule):
    frame = watched.watch(2, 10.0, rule=rule, **SMALL)
    for seed in (0, 1):
        found = simulate(Cluster(rule=rule, **SMALL), seed)
        curve = of("loss", frame).query("seed == @seed")
        assert curve["loss"].iloc[-1] == found.curve["loss"].iloc[-1]
        assert set(curve["update"]) <= set(found.curve["update"])
        stale = of("staleness", frame).query("seed == @seed")
        counted = found.updates.groupby(["worker", "staleness"]).size()
        assert stale.set_index(["worker", "staleness"])["count"].to_dict() == counted.to_dict()


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    settings = {"workers": 16, "hidden": 3, "batch_size": 2, "seconds": 150.0}
    curve = of("loss", watched.watch(1, 10.0, **settings))
    whole = simulate(Cluster(**settings), 0).curve
    assert len(whole) > watched.POINTS == len(curve)
    assert curve["seconds"].iloc[[0, -1]].tolist() == whole["seconds"].iloc[[0, -1]].tolist()


def test_a_loss_that_is_not_finite_is_none():
    curve = DataFrame({"seconds": [0.0, 1.0, 2.0], "loss": [2.3, math.inf, math.nan]})
    assert watched._thinned(curve)["loss"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("rule", ["synchronous", "asynchronous"])
def test_what_is_under_way_at_the_end_began_before_it_and_ends_after_it(rule):
    found = simulate(Cluster(rule=rule, dies_at=5.0, **SMALL), 0)
    assert sorted(found.under_way["worker"]) == [0, 1, 2, 3]
    assert found.under_way["begin"].max() <= 30
    assert math.isinf(found.under_way.set_index("worker").loc[0, "end"])
    if rule == "asynchronous":
        assert found.under_way["end"].min() > 30
