"""Estimates over seeds, against scipy.stats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pandas import Series
from scipy import stats

from core.analysis import intervals

RNG = np.random.default_rng(3)
FIRST = Series(RNG.lognormal(0, 0.3, 9), index=range(100, 109))
SECOND = Series(RNG.lognormal(0.4, 0.3, 9), index=range(100, 109))


def test_a_difference_is_the_paired_t_test_whatever_the_order_of_the_seeds():
    test = stats.ttest_rel(FIRST, SECOND).confidence_interval(0.95)
    found = intervals.difference(FIRST, SECOND[::-1])
    assert found == pytest.approx(((FIRST - SECOND).mean(), test.low, test.high, 9, 0))


def test_numbers_that_are_true_or_false_are_one_and_nought():
    assert intervals.difference(Series([True, True, False]), Series([False, True, False])).value == pytest.approx(1 / 3)
    assert intervals.share(Series([True, None, False])) == intervals.share([1, np.nan, 0])


def test_a_ratio_is_the_t_test_of_the_logarithms():
    test = stats.ttest_rel(np.log(FIRST), np.log(SECOND)).confidence_interval(0.95)
    assert intervals.ratio(FIRST, SECOND) == pytest.approx((stats.gmean(FIRST / SECOND), math.exp(test.low), math.exp(test.high), 9, 0))


def test_a_target_that_was_missed_is_infinite_and_no_seed_is_dropped_for_it():
    updates = SECOND.copy()
    updates[[100, 105]] = np.inf
    found = intervals.ratio(FIRST, updates)
    ratios = np.sort(FIRST / updates)
    assert list(ratios[:2]) == [0, 0]
    assert found.value == pytest.approx(ratios[4])
    reference = stats.quantile_test(FIRST / updates, q=0.3, p=0.5).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))
    assert found.n == 9


def test_five_seeds_of_which_one_missed_give_no_interval():
    found = intervals.mean([1.0, 2.0, 3.0, 4.0, np.inf])
    assert (found.value, found.n) == (3.0, 5)
    assert math.isnan(found.low) or math.isnan(found.high)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle():
    assert intervals.median(Series([np.inf, 1.0, 2.0, 4.0, 5.0, np.inf]))[0] == 4.5
    assert intervals.median(Series([np.inf, 1.0, np.inf, np.inf]))[0] == np.inf


@pytest.mark.parametrize(("hits", "n"), [(0, 8), (8, 8), (3, 11), (0, 200), (148, 200)])
def test_a_share_has_the_exact_interval(hits, n):
    exact = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    score = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert intervals.share([True] * hits + [False] * (n - hits)) == pytest.approx((hits / n, exact.low, exact.high, n, 0))
    assert intervals.wilson(hits, n) == pytest.approx((score.low, score.high), abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090)), ((10, 10), (0, 10), (0.6075, 1.0))],
)
def test_a_difference_of_shares_is_that_of_newcombes_table(first, second, expected):
    """Newcombe 1998, Statistics in Medicine 17, table II, method 10."""
    one, two = ([True] * hits + [False] * (n - hits) for hits, n in (first, second))
    found = intervals.share_difference(one, two)
    assert (found.low, found.high) == pytest.approx(expected, abs=6e-5)


def test_a_spread_has_the_chi_squared_interval_and_a_ratio_of_two_that_of_f():
    spread = intervals.spread(FIRST)
    ends = [math.sqrt(8 * FIRST.var() / stats.chi2.ppf(level, 8)) for level in (0.975, 0.025)]
    assert spread == pytest.approx((FIRST.std(), *ends, 9, 0))
    other = SECOND[:6]
    value = FIRST.std() / other.std()
    ends = [value / math.sqrt(stats.f.ppf(level, 8, 5)) for level in (0.975, 0.025)]
    assert intervals.spread_ratio(FIRST, other) == pytest.approx((value, *ends, 6, 0))


@pytest.mark.parametrize("estimate", [intervals.mean, intervals.share, intervals.spread])
def test_a_missing_number_is_counted(estimate):
    assert estimate(Series([1.0, 0.0, np.nan, 1.0]))[3:] == (3, 1)
    assert estimate(Series([np.nan]))[3:] == (0, 1)


@pytest.mark.parametrize("estimate", [intervals.difference, intervals.ratio])
def test_a_seed_of_one_side_alone_is_missing(estimate):
    assert estimate(FIRST, SECOND[:7])[3:] == (7, 2)
    assert estimate(Series([np.inf, 1.0]), Series([np.inf, 1.0]))[3:] == (1, 1)


def test_what_has_too_few_seeds_has_no_interval():
    for found in (intervals.mean([1.0]), intervals.spread([1.0]), intervals.spread_ratio([1.0, 2.0], [3.0]), intervals.share([])):
        assert math.isnan(found.low)
    assert math.isnan(intervals.share_difference([], [1]).value)
    assert math.isnan(intervals.spread_ratio([1.0, 2.0], [3.0, 3.0]).value), "no spread to divide by"
