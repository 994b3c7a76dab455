"""Verdicts on claims: each kind holds, fails and is unclear on made numbers, and says why."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from pandas import Series

from core.analysis import claims
from core.analysis.claims import Above, Below, Inside, judge, together


def seeds(*values):
    return Series(values, index=range(100, 100 + len(values)), dtype=float)


def about(middle, spread=0.1, n=8):
    return seeds(*(middle + spread * np.linspace(-1, 1, n)))


def share(hits, n=40):
    return seeds(*[1] * hits, *[0] * (n - hits))


ONE = about(1, 0.0)
CASES = {
    "mean": (Above(0), (about(1),), (about(-1),), (about(0.0),)),
    "difference": (Below(-0.5), (about(1), about(2, 0.2)), (about(2), ONE), (about(1), about(1.5, 0.4))),
    "ratio": (Below(0.5), (about(1), about(3)), (about(1), ONE), (about(1, 0.5), about(2, 0.3))),
    "share": (Above(0.8), (share(40),), (share(20),), (share(33),)),
    "share_difference": (Above(0.3), (share(40), share(10)), (share(10), share(20)), (share(30), share(18))),
    "spread": (Below(0.5), (about(1, n=30),), (about(1, 3),), (about(1, 0.7),)),
    "spread_ratio": (Above(2), (about(0, 9), about(0, 1)), (about(0, 0.1), about(0, 1)), (about(0, 2.2), about(0, 1))),
    "count": (Above(0.9), (share(8, 8),), (share(7, 8),), (seeds(1, 1, np.nan),)),
    "exact": (Below(1e-12), (seeds(0, 1e-12),), (seeds(0, 2e-12),), (seeds(0, np.nan),)),
}


def test_every_kind_is_tried():
    assert set(CASES) == set(get_args(claims.Kind))
    assert set(CASES) == {*claims.SINGLE, *claims.PAIRED, *claims.EXACT}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize(("place", "verdict"), [(1, "holds"), (2, "fails"), (3, "unclear")])
def test_each_kind_comes_to_each_verdict(kind, place, verdict):
    found = judge(kind, CASES[kind][0], *CASES[kind][place], words="the loss")
    assert found.verdict == verdict, found
    assert found.sentence.startswith("the loss: ")
    assert f": {verdict}" in found.sentence


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind not in claims.EXACT])
def test_the_interval_decides(kind):
    """The verdict follows where the threshold stands beside the interval, on whichever side the claim is."""
    sides = CASES[kind][1]
    found = judge(kind, CASES[kind][0], *sides)
    low, high = found.ci_low, found.ci_high
    assert low < high
    below, inside, above = low - 0.01, (low + high) / 2, high + 0.01
    verdicts = [judge(kind, side(at), *sides).verdict for side in (Above, Below) for at in (below, inside, above)]
    assert verdicts == ["holds", "unclear", "fails", "fails", "unclear", "holds"]
    margins = [Inside(below, above), Inside(above, above + 1), Inside(below - 1, below), Inside(inside, above)]
    assert [judge(kind, margin, *sides).verdict for margin in margins] == ["holds", "fails", "fails", "unclear"]


@pytest.mark.parametrize("kind", CASES)
def test_a_missing_seed_is_never_dropped(kind):
    sides = [side.astype(float) for side in CASES[kind][1]]
    sides[0] = sides[0].copy()
    sides[0].iloc[-1] = np.nan
    found = judge(kind, CASES[kind][0], *sides)
    assert found.verdict == "unclear"
    assert "1 seed without a number" in found.sentence


@pytest.mark.parametrize("kind", CASES)
def test_nothing_measured_is_unclear(kind):
    found = judge(kind, CASES[kind][0], *[seeds()] * (2 if kind in claims.PAIRED else 1))
    assert (found.verdict, found.n) == ("unclear", 0)
    assert math.isnan(found.effect)


def test_differences_that_are_all_zero_are_no_difference():
    assert judge("difference", Above(0), ONE, ONE).verdict == "fails"
    assert judge("difference", Below(0), ONE, ONE).verdict == "fails"
    assert judge("difference", Inside(-0.01, 0.01), ONE, ONE).verdict == "holds"


def test_an_exact_claim_is_judged_by_its_worst_seed():
    distances = seeds(0.3, 0.06, 0.2)
    assert judge("exact", Above(0.05), distances).effect == 0.06
    assert judge("exact", Above(0.07), distances).verdict == "fails"
    assert judge("exact", Inside(0.1, 0.3), distances).effect == 0.06
    assert judge("exact", Inside(0, 0.3), distances).verdict == "holds"
    assert judge("exact", Below(0), seeds(0, 0)).verdict == "holds", "an error of 0 is at most 0"
    assert math.isnan(judge("exact", Below(0), seeds(0, 0)).ci_low)


def test_a_run_that_blew_up_counts_against_the_claim_that_its_loss_is_lower():
    lower, higher = about(1), about(2)
    assert judge("ratio", Below(0.9), lower, higher).verdict == "holds"
    higher.iloc[:3] = np.inf
    assert judge("ratio", Below(0.9), lower, higher).verdict == "holds", "the others' blown up runs count for it"
    lower.iloc[5] = np.inf
    assert judge("ratio", Below(0.9), lower, higher).verdict == "unclear"
    assert judge("exact", Below(1), seeds(0, np.inf)).verdict == "fails"


def test_a_single_seed_gives_no_interval():
    found = judge("mean", Above(0), seeds(1))
    assert found.verdict == "unclear"
    assert "a single seed gives no interval" in found.sentence


def test_eight_of_eight_show_no_share_above_nine_in_ten():
    assert judge("share", Above(0.9), share(8, 8)).verdict == "unclear"
    assert judge("count", Above(0.9), share(8, 8)).verdict == "holds"


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.8, 0.9, 0.98])
def test_so_many_seeds_show_a_share_if_all_agree(threshold):
    n = math.floor(math.log(0.025) / math.log(threshold)) + 1  # of n successes the interval's lower end is 0.025^(1/n)
    assert judge("share", Above(threshold), share(n, n)).verdict == "holds"
    assert judge("share", Above(threshold), share(n - 1, n - 1)).verdict == "unclear"


def test_a_claim_of_several_parts_is_as_good_as_its_worst():
    holds, fails, unclear = (judge("mean", Above(0), values) for values in (about(1), about(-1), about(0.0)))
    assert together([holds, holds]).verdict == "holds"
    assert together([holds, unclear]).verdict == "unclear"
    assert together([unclear, fails, holds]).effect == fails.effect
    assert together([holds, fails]).sentence == f"{holds.sentence}; {fails.sentence}"
    with pytest.raises(ValueError, match="one part"):
        together([])


def test_the_sentence_has_the_figures():
    ratio = judge("ratio", Below(0.5), about(1), about(4, 0.5), words="test loss, with over without")
    assert ratio.sentence == "test loss, with over without: 0.250 (0.247 to 0.254, 8 seeds), claimed below 0.5: holds"
    shares = judge("share", Above(0.5), share(40), words="seeds that leave")
    assert shares.sentence == "seeds that leave: 40 of 40 seeds (0.91 to 1.00), claimed above 0.5: holds"
    margin = judge("difference", Inside(-0.1, 0.1), ONE, ONE)
    assert margin.threshold == (-0.1, 0.1)
    assert "claimed between -0.1 and 0.1" in margin.sentence
    assert "claimed at most 1e-12" in judge("exact", Below(1e-12), seeds(0)).sentence


@pytest.mark.parametrize(("kind", "sides"), [("ratio", 1), ("mean", 2)])
def test_sides_that_do_not_go_with_the_kind_are_refused(kind, sides):
    with pytest.raises(ValueError, match="takes"):
        judge(kind, Above(0), *[ONE] * sides)
