"""Every question holds to the form: what a page, the command line and the study sheet rely on."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace

import pytest
from latex2mathml.converter import convert

from core.analysis.claims import EXACT, Above
from core.analysis.intervals import clopper_pearson
from core.charts.parts import specs
from core.comparison import Comparison
from core.engine.sizes import parameters
from core.experiments.claims.claim import Measured
from core.questions.catalogue import chosen, questions
from core.runs.compare import train
from core.settings import SettingsError
from core.ui.pages.questions import answer, growing
from core.ui.shell import PAGES
from tests.questions import made_up, worlds

QUESTIONS = list(questions().values())
CLAIMS = [
    pytest.param(question, claim, id=f"q{question.id}-{place}") for question in QUESTIONS for place, claim in enumerate(question.claims, 1)
]


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


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # some worlds divide by 0
@pytest.mark.parametrize("question", QUESTIONS, ids=by_id)
def test_each_claim_holds_and_fails_by_its_own_measure_and_is_unclear_between(question):
    """In made-up worlds, and in mixtures of two of them seed by seed, in which the effect lies on either side of what is claimed."""
    for claim, found in zip(question.claims, worlds.two(question), strict=True):
        if claim.kind == "share" and too_few_to_fail(claim, found["holds"]):
            assert {"holds", "unclear"} <= set(found), claim.words
            continue
        assert {"holds", "fails"} <= set(found), f"{claim.words}: {set(found)} alone"
        if claim.kind in EXACT:
            assert_a_missing_number_is_no_success(claim, found["holds"])
            continue
        unclear = worlds.between(claim, found["holds"], found["fails"])
        assert unclear is not None, claim.words
        borders = unclear.threshold if isinstance(unclear.threshold, tuple) else (unclear.threshold,)
        assert any(unclear.ci_low <= border <= unclear.ci_high for border in borders), unclear.sentence


def too_few_to_fail(claim, holding):
    """Whether the interval reaches above the threshold even where none of the seeds is true: the claim holds or stays unclear."""
    return isinstance(claim.claimed, Above) and clopper_pearson(0, len(claim.numbers(holding)))[1] > claim.claimed.threshold


def assert_a_missing_number_is_no_success(claim, holding):
    """A kind without an interval is unclear where a number is missing.

    A measure that says what a missing number means has none that is missing: it counts as the worst that there is, so that the claim
    fails; or the measure is a share of what is true, of which a missing number is not.
    """
    if claim.judge(worlds.holed(holding)).verdict == "holds":
        assert set(claim.numbers(holding)) <= {0.0, 1.0}, claim.words


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
