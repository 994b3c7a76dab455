"""Every question holds to the form: what a page, the command line and the study sheet rely on."""

from __future__ import annotations

import inspect
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from latex2mathml.converter import convert
from pandas import Series

from core.analysis.claims import EXACT, Inside, judge
from core.charts.parts import specs
from core.comparison import Comparison
from core.engine.sizes import parameters
from core.experiments.claims.claim import Measured
from core.questions.catalogue import chosen, questions
from core.runs.compare import train
from core.settings import SettingsError
from core.ui.pages.questions import answer, growing
from core.ui.shell import PAGES
from tests.questions import made_up

QUESTIONS = list(questions().values())
CLAIMS = [
    pytest.param(question, claim, id=f"q{question.id}-{place}") for question in QUESTIONS for place, claim in enumerate(question.claims, 1)
]
SEEDS = range(100, 112)


def by_id(question):
    return f"q{question.id}"


def test_each_has_its_own_number_and_a_file_of_that_number():
    for question in QUESTIONS:
        module = inspect.getmodule(question.headline).__name__.rpartition(".")[2]
        assert module.startswith(f"q{question.id}_"), module
    assert len({question.text for question in QUESTIONS}) == len(QUESTIONS)


def test_an_unknown_number_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match=r"99: no such question; there are: .*05"):
        chosen(["05", "99"])
    assert [question.id for question in chosen(["05"])] == ["05"]
    assert len(chosen([])) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_texts_are_whole_sentences_of_a_length_that_is_read(question):
    assert question.text.endswith("?")
    assert question.ask.endswith("?")
    assert 3 <= len(sentences(question.answer)) <= 8, sentences(question.answer)
    for option in question.options:
        assert not option.text.endswith("."), option.text
        assert len(sentences(option.why)) <= 2, option.why
        assert option.why.endswith("."), option.why
    assert question.sources
    assert 1 <= len(question.turns) <= 3
    for turn in question.turns:
        assert 1 <= len(turn.change.split()) <= 6, turn.change
        assert turn.look.endswith(("?", ".")), turn.look


def sentences(text):
    return re.findall(r"[^.?!]+[.?!](?=\s|$)", text)


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_its_networks_fit_its_data_and_its_turns_are_other_comparisons(question):
    own = {comparison.id for comparison in question.comparisons.values()}
    for comparison in [*question.comparisons.values(), *(turn.experiment for turn in question.turns)]:
        assert Comparison.from_toml(comparison.to_toml()).id == comparison.id
        assert all(parameters(run) > 0 for run in comparison.runs())
    assert not own & {turn.experiment.id for turn in question.turns}


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_there_is_a_place_to_go_on_with_it(question):
    """A page of the dashboard, or an experiment or variation that opens in the workbench."""
    assert not question.page or question.page in {page.path for page in PAGES}
    assert question.page or question.comparisons or question.turns


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_headline_and_picture_are_made_of_what_was_measured(question):
    found = made_up.evidence(question)
    said = question.headline(found)
    assert "nan" not in said.lower()
    assert said.endswith(".")
    assert len(said.split()) <= 45, said
    assert specs.spec(question.picture(found))["$schema"]
    for figure in question.figures:
        assert specs.spec(figure.draw(found))["$schema"]
        assert figure.said.endswith("."), figure.said
    other = made_up.evidence(question, seed=1)
    if question.comparisons:
        assert question.headline(other) != said or question.picture(other).to_dict() != question.picture(found).to_dict()


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_a_guess_is_marked_at_a_name_that_its_picture_has_and_no_other_guess_at_that(question):
    found = made_up.evidence(question)
    names = [option.marks for option in question.options]
    marked = [name for name in names if name]
    assert len(set(marked)) == len(marked)
    for place, name in enumerate(names):
        drawn = json.dumps(answer.with_guess(question, found, place).to_dict())
        assert (answer.SAID in drawn) == bool(name), f"{name} is no name in the picture"


def test_some_questions_ask_which_of_the_things_in_the_picture():
    assert any(option.marks for question in QUESTIONS for option in question.options)


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_each_formula_stands_in_a_line_of_its_own(question):
    assert bool(question.formulas) == bool(question.formula)
    for formula in question.formulas:
        opened, closed = (re.findall(rf"\\{word}{{(\w+)}}", formula) for word in ("begin", "end"))
        assert opened == closed, formula
        outside = re.sub(r"\\begin{(\w+)}.*\\end{\1}", "", formula)
        assert not re.search(r"\\\\|\\qq?uad|gathered", outside), formula
        convert(formula)
    signs = [re.sub(r"\\(begin|end){gathered}|\\qq?uad|[\\\\ ,]", "", text) for text in (question.formula, "".join(question.formulas))]
    assert signs[0] == signs[1], "nothing but space is lost"


@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_its_picture_so_far_is_drawn_where_every_run_has_begun_and_else_is_not(question, share):
    found = made_up.evidence(question)
    trained = {name: so_far(found[name], share) for name in question.comparisons}
    drawn = growing.partial(question, trained, {})
    if share == 1.0 and not question.labs:
        assert drawn is not None
    if share < 1.0 and len(trained) == len(question.experiments) == 1:
        assert drawn is None


def so_far(measured, share):
    """What is stored when the first runs, so many of them, have come to half of their updates."""
    begun = measured.history["run"].drop_duplicates().iloc[: round(share * measured.history["run"].nunique())]
    half = measured.history["step"].max() / 2
    history, layers = (frame[frame["run"].isin(begun) & (frame["step"] <= half)] for frame in (measured.history, measured.layers))
    return Measured(history, layers, measured.runs)


@pytest.mark.parametrize(("question", "claim"), CLAIMS)
def test_a_claim_takes_a_number_of_every_seed(question, claim):
    found = made_up.evidence(question)
    numbers = claim.numbers(found)
    for side in numbers if isinstance(numbers, tuple) else (numbers,):
        assert len(side)
        assert side.index.is_unique
        assert side.notna().all()
    assert claim.judge(found).verdict in ("holds", "fails", "unclear")


@pytest.mark.parametrize(("question", "claim"), CLAIMS)
def test_a_claim_can_hold_fail_and_be_unclear(question, claim):
    assert {verdict(claim, world) for world in ("holds", "fails", "unclear")} == {"holds", "fails", "unclear"}


def verdict(claim, world):
    """The verdict on made-up numbers on the right side of the threshold, on the wrong one, or with one missing."""
    numbers = worlds(claim, world)
    first, second = numbers if isinstance(numbers, tuple) else (numbers, None)
    return judge(claim.kind, claim.claimed, first, second).verdict


def worlds(claim, world):
    inside = isinstance(claim.claimed, Inside)
    good = (claim.claimed.low + claim.claimed.high) / 2 if inside else claim.claimed.threshold
    above = type(claim.claimed).__name__ == "Above"
    target = good if inside and world == "holds" else off(claim.kind, good, up=(world == "holds") == above)
    noise = np.linspace(-1, 1, len(SEEDS)) * 1e-6 * max(abs(target), 1e-9)
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
            values = (Series(target + noise, index=SEEDS), Series(0.0, index=SEEDS))
        case "ratio":
            values = (Series(target + noise, index=SEEDS), Series(1.0, index=SEEDS))
        case "spread":
            values = Series(target * np.array([-1, 1] * 100) * math.sqrt(199 / 200), index=range(200))
        case "spread_ratio":
            wave = np.array([-1.0, 1.0] * 100)
            values = (Series(target * wave), Series(wave))
        case _:
            values = Series(target + noise * (claim.kind not in EXACT), index=SEEDS)
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


def test_where_no_feature_is_rare_every_optimizer_trains_at_the_rate_that_its_link_has():
    """Rates at which SGD diverges would show Adagrad ahead for the wrong reason."""
    turn = next(turn for turn in questions()["19"].turns if "common" in turn.change)
    first = [run for run in turn.experiment.runs() if run.seed == 0]
    ends = train(first).history.groupby("run", sort=False)["val_loss"].agg(["first", "last"])
    assert len(ends) == 4
    assert (ends["last"] < 0.01 * ends["first"]).all(), ends


def test_the_line_below_the_finding_says_how_many_claims_hold_and_why_one_may_not():
    question = replace(QUESTIONS[0], doubt="One start is on the edge.")
    parts = [{"sentence": "loss, a minus b: 0.3 (0.2 to 0.4, 8 seeds): holds", "verdict": "holds"}] * 2
    assert answer.verdict(question, {"parts": parts[:1]}) == "Loss, a minus b: 0.3 (0.2 to 0.4, 8 seeds): holds."
    assert answer.verdict(question, {"parts": parts}).endswith("holds. 2 of 2 claims hold.")
    failed = answer.verdict(question, {"parts": [parts[0], {"sentence": "b: fails", "verdict": "fails"}]})
    assert failed.endswith("1 of 2 claims hold. One start is on the edge.")
