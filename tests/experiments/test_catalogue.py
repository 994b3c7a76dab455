"""Every experiment holds to the form: what pages, links and the command line rely on."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from pandas import Series

from core.analysis.claims import EXACT, Inside, judge
from core.engine.sizes import parameters
from core.experiments.catalogue import chosen, experiments
from core.experiments.experiment import RUNS, SEEDS
from core.settings import SettingsError
from tests.questions import made_up

MADE_UP = range(100, 112)
"""Seeds of made-up numbers."""

EXPERIMENTS = list(experiments().values())
CLAIMS = [pytest.param(each, claim, id=f"{each.id}, {place}") for each in EXPERIMENTS for place, claim in enumerate(each.claims, 1)]


def by_id(experiment):
    return experiment.id


def test_each_has_a_title_of_its_own_on_its_page():
    assert len({(experiment.page, experiment.title) for experiment in EXPERIMENTS}) == len(EXPERIMENTS) > 30


def test_an_unknown_page_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match=r"nowhere: no page of that name has experiments; there are: .*learning_rate"):
        chosen(["learning_rate", "nowhere"])
    assert {experiment.page for experiment in chosen(["learning_rate"])} == {"learning_rate"}
    assert len(chosen([])) == len(EXPERIMENTS)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=by_id)
def test_its_networks_fit_its_data_and_its_words_are_sentences(experiment):
    assert all(parameters(run) > 0 for comparison in experiment.comparisons.values() for run in comparison.runs())
    assert re.search(r"[.?)]$", experiment.look), experiment.look
    assert not experiment.title.endswith(".")


@pytest.mark.parametrize("experiment", [each for each in EXPERIMENTS if each.comparisons], ids=by_id)
def test_the_runs_that_a_page_trains_are_among_those_that_its_claims_are_measured_on(experiment):
    (measured,) = experiment.comparisons.values()
    shown = experiment.trained or experiment.comparison
    assert {run.key for run in shown.runs()} <= {run.key for run in measured.runs()}
    assert len(measured.seed_list) >= SEEDS
    assert measured.names == shown.names


@pytest.mark.parametrize(("experiment", "claim"), CLAIMS)
def test_a_claim_takes_a_number_of_every_seed(experiment, claim):
    found = made_up.evidence(experiment)
    numbers = claim.numbers(found)
    seeds = found[RUNS].runs["seed"].nunique() if experiment.comparisons else 1
    for side in numbers if isinstance(numbers, tuple) else (numbers,):
        assert side.index.is_unique
        assert side.notna().all()
        assert len(side) >= seeds
    assert claim.judge(found).verdict in ("holds", "fails", "unclear")


@pytest.mark.parametrize(("experiment", "claim"), CLAIMS)
def test_a_claim_can_hold_fail_and_be_unclear(experiment, claim):
    for world in ("holds", "fails", "unclear"):
        numbers = numbers_of(claim, world)
        first, second = numbers if isinstance(numbers, tuple) else (numbers, None)
        assert judge(claim.kind, claim.claimed, first, second).verdict == world


def numbers_of(claim, world):
    """Made-up numbers of a claim, by which it holds, fails or is unclear."""
    inside = isinstance(claim.claimed, Inside)
    good = (claim.claimed.low + claim.claimed.high) / 2 if inside else claim.claimed.threshold
    above = type(claim.claimed).__name__ == "Above"
    target = good if inside and world == "holds" else off(claim.kind, good, up=(world == "holds") == above)
    noise = np.linspace(-1, 1, len(MADE_UP)) * 1e-6 * max(abs(target), 1e-9)
    match claim.kind:
        case "count" if inside:
            ones = round(100 * good) if world == "holds" else 0
            values = Series([1.0] * ones + [0.0] * (100 - ones))
        case "share" | "count":
            values = Series([float((world == "holds") == above)] * 200)
        case "share_difference":
            values = (
                (Series([1.0] * 200), Series([0.0] * 200)) if (world == "holds") == above else (Series([0.0] * 200), Series([1.0] * 200))
            )
        case "difference":
            values = (Series(target + noise, index=MADE_UP), Series(0.0, index=MADE_UP))
        case "ratio":
            values = (Series(target + noise, index=MADE_UP), Series(1.0, index=MADE_UP))
        case "spread":
            values = Series(target * np.array([-1, 1] * 100) * math.sqrt(199 / 200), index=range(200))
        case "spread_ratio":
            wave = np.array([-1.0, 1.0] * 100)
            values = (Series(target * wave), Series(wave))
        case _:
            values = Series(target + noise * (claim.kind not in EXACT), index=MADE_UP)
    if world == "unclear":
        first = values[0] if isinstance(values, tuple) else values
        first.iloc[0] = math.nan
    return values


def off(kind, threshold, *, up):
    """A number on one side of the threshold, far from it."""
    far = 100 * abs(threshold) + 1
    if kind in ("ratio", "spread", "spread_ratio"):
        return threshold * (10 if up else 0.1)
    return threshold + far if up else threshold - far
