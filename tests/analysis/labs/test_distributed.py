"""What a cluster comes to, against scipy and cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pandas import DataFrame
from scipy import stats

from core.analysis.labs import distributed

LOSSES = DataFrame(
    [(0, 0.0, 4.0), (0, 1.0, 2.0), (0, 5.0, 1.0), (1, 0.0, 4.0), (1, 3.0, 1.0), (2, 0.0, 4.0), (2, 2.0, 0.5)],
    columns=["seed", "seconds", "loss"],
)


def test_a_target_is_reached_when_it_is_first_measured_at_it():
    found = distributed.reached(LOSSES, 2.0)
    assert dict(found.by_seed) == {0: 1.0, 1: 3.0, 2: 2.0}
    assert found.mean == 2.0
    never = distributed.reached(LOSSES, 0.5)
    assert dict(never.by_seed) == {0: math.inf, 1: math.inf, 2: 2.0}
    assert never.mean == math.inf


@pytest.mark.parametrize(("moment", "last"), [(0.0, [4, 4, 4]), (2.5, [2, 4, 0.5]), (8.0, [1, 1, 0.5])])
def test_the_curve_is_the_geometric_mean_of_what_was_last_measured_with_the_interval_of_the_logarithms(moment, last):
    curve = distributed.over_clock(LOSSES, 8.0)
    row = curve.iloc[(curve["seconds"] - moment).abs().argmin()]
    logs = np.log(last)
    assert row["mean"] == pytest.approx(stats.gmean(last))
    assert row["n"] == 3
    if np.ptp(logs):
        expected = np.exp(stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs)))
        assert (row["low"], row["high"]) == pytest.approx(tuple(expected))


def test_a_curve_ends_where_a_seed_is_no_longer_finite_or_far_above_its_beginning():
    lost = LOSSES.assign(loss=LOSSES["loss"].where(LOSSES["seconds"] < 3))
    assert distributed.over_clock(lost, 8.0)["seconds"].max() < 3
    assert distributed.diverged(lost)
    blown = LOSSES.assign(loss=LOSSES["loss"].where(LOSSES["seconds"] < 3, 1e9))
    curve = distributed.over_clock(blown, 8.0)
    assert curve["seconds"].max() < 3
    assert distributed.diverged(blown)
    assert not distributed.diverged(LOSSES)


def test_staleness_is_counted_by_gradients():
    updates = DataFrame({"worker": [0, 0, 1, 2], "staleness": [1, 3, 1, 9], "count": [1, 2, 2, 5]})
    shares = distributed.stale_shares(updates, 3, straggler=True)
    told = shares.set_index(["whose", "staleness"])["share"]
    assert dict(told) == {(distributed.OTHERS, 1): 0.3, (distributed.OTHERS, 3): 0.2, (distributed.STRAGGLER, 9): 0.5}
    assert distributed.median_staleness(shares) == {distributed.OTHERS: np.median([1, 1, 1, 3, 3]), distributed.STRAGGLER: 9}
    assert set(distributed.stale_shares(updates, 3, straggler=False)["whose"]) == {distributed.OTHERS}


def test_the_dead_do_not_wait():
    work = DataFrame({"state": ["computes", "waits", "dead"], "begin": [0.0, 3.0, 4.0], "end": [3.0, 4.0, 9.0]})
    assert distributed.waiting_share(work) == 0.25
    assert distributed.waiting_share(work[work["state"] == "dead"]) == 0.0


def test_the_table_has_what_each_server_ends_at():
    losses = LOSSES.assign(update=LOSSES["seconds"] * 10, gradients=LOSSES["seconds"] * 20)
    row = distributed.summed({"server": losses}, 1.0).iloc[0]
    assert row["update"] == np.mean([50, 30, 20])
    assert row["loss"] == pytest.approx(np.mean([1, 1, 0.5]))
    assert row["seconds_to_target"] == np.mean([5, 3, 2])
    assert math.isnan(distributed.summed({"server": losses}, 0.1).iloc[0]["seconds_to_target"])
