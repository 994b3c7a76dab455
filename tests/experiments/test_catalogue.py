"""Every experiment holds to the form: what pages, links and the command line rely on."""

from __future__ import annotations

import re

import pytest

from core.analysis.claims import judge
from core.engine.sizes import parameters
from core.experiments.catalogue import chosen, experiments
from core.experiments.experiment import RUNS, SEEDS
from core.settings import SettingsError
from tests.questions import made_up
from tests.questions.test_catalogue import worlds

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
        numbers = worlds(claim, world)
        first, second = numbers if isinstance(numbers, tuple) else (numbers, None)
        assert judge(claim.kind, claim.claimed, first, second).verdict == world
