"""One question: the guess, the one button, the picture that grows, the verdict, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from core.charts import guesses as guess_charts
from core.charts.parts import legends, specs
from core.charts.results import curves
from core.experiments.claims.claim import Evidence
from core.questions import measuring
from core.questions.catalogue import questions
from core.questions.measuring import Standing
from core.questions.question import Question
from core.runs.store import Store, guesses
from core.ui import errors, service
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.pages.questions.catalogue import is_right, next_of, start
from core.ui.shell import PAGES

PAGE = "question"
CATALOGUE = "pages/questions.py"
HERE = "pages/question.py"
EVERY = 1.0
LETTERS = "ABCD"
STYLE = """<style>
.st-key-question-text h1 { font-size: 2.5rem; line-height: 1.15; }
.st-key-question-premise p { font-size: 1.2rem; line-height: 1.5; }
.st-key-question-options [role="radiogroup"] { gap: 0.6rem; }
.st-key-question-options [role="radiogroup"] p { font-size: 1.05rem; }
@media (max-width: 640px) { .st-key-question-text h1 { font-size: 1.6rem; } }
</style>"""


class Drawn(NamedTuple):
    """What is shown of an answer: the row of its figures, and its picture's specification."""

    row: dict[str, Any]
    picture: dict[str, Any]


def draw() -> None:
    """The whole page."""
    st.html(STYLE)
    with errors.shown("The question cannot be shown"):
        store = service.store()
        question, guessed = _asked(store)
        guess = guessed.get(question.id)
        _head(question, guessed, guess)
        if guess is None:
            _before(question, store)
        else:
            _after(question, store, guess)


def _asked(store: Store) -> tuple[Question, dict[str, int]]:
    """The question of the link, or the next one; and all guesses."""
    known, guessed = questions(), guesses.known(store)
    name = st.query_params.get("q", "")
    if name and name not in known:
        st.warning(escaped(f"There is no question {name[:20]!r}; this is the next one."))
    return known.get(name) or next_of(list(known.values()), guessed), guessed


def _head(question: Question, guessed: dict[str, int], guess: int | None) -> None:
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(CATALOGUE, label="Questions", width="content")
        st.caption(f"/ {question.topic.capitalize()}", width="content")
        st.badge(question.id, color="gray")
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if guess is not None:
            _play(question)
        following = next_of(list(questions().values()), guessed, question.id)
        st.page_link(HERE, label="Next question", icon=":material/arrow_forward:", query_params={"q": following.id})
    with st.container(key="question-text"):
        st.title(question.text, anchor=False)


def _play(question: Question) -> None:
    """Where one can go on with it: its page, and the workbench with its experiment, or with a variation where it has none."""
    if question.page:
        page = next(page for page in PAGES if page.path == question.page)
        st.page_link(page.path, label=f"Open {page.title}", icon=page.icon, help=page.about)
    elif not question.comparisons:
        query = links.query_for("compare", question.turns[0].experiment)
        st.page_link(
            links.COMPARE, label="Try a variation", icon=":material/compare_arrows:", query_params=query, help=question.turns[0].change
        )
    if question.comparisons:
        query = links.query_for("compare", next(iter(question.comparisons.values())))
        st.page_link(links.COMPARE, label="Open in the workbench", icon=":material/compare_arrows:", query_params=query)


def _before(question: Question, store: Store) -> None:
    """The premise, the options and the one button; nothing of the answer."""
    with st.container(width=760, gap="small"):
        with st.container(key="question-premise"):
            st.markdown(f"{escaped(question.premise)}  \n**{escaped(question.ask)}**")
        chosen = _guess(question)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            see = st.button("See what happens", type="primary", disabled=chosen is None, key=f"{PAGE}.{question.id}.see")
            show = st.button("Show me without guessing", type="tertiary", key=f"{PAGE}.{question.id}.show")
        st.caption(_cost(question, store))
    if see or show:
        guesses.keep(store, question.id, guesses.SHOWN if show or chosen is None else int(chosen))
        if measuring.progress(question, store).complete:
            st.rerun()
        start([question], store)


def _guess(question: Question) -> int | None:
    """Draws the options, and returns the place of the one that was chosen."""
    with st.container(key="question-options"):
        return st.radio(
            "What do you expect?",
            range(len(question.options)),
            index=None,
            format_func=lambda place: f"**{LETTERS[place]}**  {escaped(question.options[place].text)}",
            captions=[escaped(option.belief) for option in question.options],
            key=f"{PAGE}.{question.id}.guess",
            width="stretch",
        )


def _cost(question: Question, store: Store) -> str:
    standing = measuring.progress(question, store)
    if standing.complete:
        return "What it asks for is stored here already."
    runs = sum(len(comparison.runs()) for comparison in question.comparisons.values())
    networks = f"Trains {runs} small networks here" if runs else "Is computed here"
    return f"{networks}, in some seconds." if not standing.done else f"{networks}; {standing.done:.0%} of it is stored."


def _after(question: Question, store: Store, guess: int) -> None:
    _judged(question, guess)
    standing = measuring.progress(question, store)

    @st.fragment(run_every=EVERY if standing.active else None)
    def measured() -> None:
        now = measuring.progress(question, store)
        if now.active != standing.active:
            st.rerun()
        if now.complete:
            _answer(question, store, guess)
        else:
            _growing(question, store, now)

    left, right = st.columns([2, 1], gap="large")
    with left:
        measured()
    with right:
        _why(question)
    _below(question, store)


def _judged(question: Question, guess: int) -> None:
    """Whether the guess was right, in a line; never in red."""
    right = LETTERS[question.options.index(question.right)]
    if guess == guesses.SHOWN or not 0 <= guess < len(question.options):
        st.info(f"**It is {right}: {escaped(question.right.text)}.** {escaped(question.right.why)}", icon=":material/lightbulb:")
        return
    option = question.options[guess]
    said = f"You expected {LETTERS[guess]}: {escaped(option.text)}."
    if is_right(question, guess):
        st.success(f"**{said} So it is.** {escaped(option.why)}", icon=":material/check:")
    else:
        st.warning(f"**{said} It is {right}: {escaped(question.right.text)}.** {escaped(option.why)}", icon=":material/close:")


def _growing(question: Question, store: Store, now: Standing) -> None:
    """How far it is, and the curves of its first comparison as they come."""
    if now.problem and not now.active:
        st.error(escaped(now.problem), title="This could not be measured")
    if now.active:
        st.progress(now.done, text=f"Measuring: {now.done:.0%}")
    elif st.button("Measure it here", type="primary", key=f"{PAGE}.{question.id}.measure"):
        start([question], store)
    if now.active and question.comparisons:
        history, _ = store.history(next(iter(question.comparisons.values())))
        if len(history):
            st.caption("So far: the validation loss of the networks that are training.")
            chart = curves.loss_curves(history, variants=list(dict.fromkeys(history["variant"])), with_seeds=False, width=700)
            st.vega_lite_chart(specs.spec(legends.fitting(chart)), key=f"{PAGE}.growing", width="stretch")


def _answer(question: Question, store: Store, guess: int) -> None:
    """The finding, the verdict on each claim, and the picture with the guess in it."""
    drawn = _drawn(store.url, question.id, question.key, guess, store)
    with st.container(key="question-headline"):
        st.markdown(escaped(drawn.row["headline"]))
    parts = [f"{part['sentence'][0].upper()}{part['sentence'][1:]}." for part in drawn.row["parts"]]
    st.caption(errors.as_list(parts), help="The interval in brackets is the 95 % interval over seeds; what is claimed was fixed before.")
    st.vega_lite_chart(drawn.picture, key=f"{PAGE}.picture", width="stretch")


@st.cache_data(show_spinner=False, max_entries=64)
def _drawn(_url: str, question_id: str, _key: str, guess: int, _store: Store) -> Drawn:
    """The answer as it is shown, made once of what is stored."""
    question = questions()[question_id]
    found = measuring.evidence_of(question, _store)
    if found is None:
        raise measuring.IncompleteError(f"question {question_id} is not measured yet")
    return Drawn(measuring.rows([question], _store)[question_id], specs.spec(legends.fitting(with_guess(question, found[0], guess))))


def with_guess(question: Question, evidence: Evidence, guess: int) -> specs.Picture:
    """The picture, and in it what was expected, where it can show that."""
    picture = question.picture(evidence)
    expects = question.options[guess].expects if 0 <= guess < len(question.options) else None
    if expects is None:
        return picture
    spot = expects(evidence)
    said = f"your guess: {spot.of}" if spot.of else "your guess"
    return guess_charts.marked(picture, (spot.x, spot.y), said, spot.since)


def _why(question: Question) -> None:
    st.subheader("Why", anchor=False)
    st.markdown(question.answer)
    for formula in question.formula.split(r"\qquad") if question.formula else []:  # below each other: the column is narrow
        st.latex(formula.strip(" ,"))
    if question.usual:
        st.markdown(f"**What is usually said.** {question.usual}")


def _settings(question: Question) -> None:
    """What was run, exactly."""
    if question.code:
        with st.expander("The code", type="compact"):
            st.code(question.code, language="python", height=360)
    with st.expander("The experiment, exactly", type="compact"):
        for name, comparison in question.comparisons.items():
            runs = len(comparison.runs())
            st.caption(f"{escaped(name)}: {runs} networks, seeds {comparison.seed_list[0]} to {comparison.seed_list[-1]}")
            st.code(comparison.to_toml(), language="toml", height=240)
        for name, lab in question.labs.items():
            told = ", ".join(f"{argument} = {value}" for argument, value in lab.arguments.items())
            st.caption(escaped(f"{name}: {lab.name}({told})"))


def _below(question: Question, store: Store) -> None:
    if question.turns:
        st.subheader("What would change this", anchor=False)
        grid = st.grid(3, min_column_width=260, gap="small")
        for turn in question.turns:
            with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
                query = links.query_for("compare", turn.experiment)
                st.page_link(links.COMPARE, label=f"**{escaped(turn.change)}**", icon=":material/arrow_forward:", query_params=query)
                st.caption(escaped(turn.look))
    _settings(question)
    st.caption(f"Sources: {escaped(' · '.join(question.sources))}")
    if st.button("Guess again", type="tertiary", icon=":material/undo:", key=f"{PAGE}.{question.id}.again"):
        guesses.forget(store, question.id)
        st.rerun()
