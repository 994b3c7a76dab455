"""One question: the guess, the button, the growing chart, the verdict, and the reason."""

from __future__ import annotations

import streamlit as st

from core.questions import measuring
from core.questions.question import LETTERS, Question
from core.runs.store import Store, guesses
from core.ui import errors, service
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.pages.questions import answer, asked, growing
from core.ui.pages.questions.asked import Asked
from core.ui.pages.questions.catalogue import start
from core.ui.shell import PAGES

PAGE = "question"
CATALOGUE = "pages/questions.py"
HERE = "pages/question.py"
EVERY = 1.0
STYLE = """<style>
.st-key-question-text h1 { font-size: 2.5rem; line-height: 1.15; }
.st-key-question-premise p { font-size: 1.2rem; line-height: 1.5; }
.st-key-question-options [role="radiogroup"] { gap: 0.6rem; }
.st-key-question-options [role="radiogroup"] p { font-size: 1.05rem; }
.st-key-question-why .katex-display { overflow-x: auto; overflow-y: hidden; scrollbar-width: thin; padding: 0.15rem 0.25rem; }
.st-key-question-why .katex { font-size: 1.1em; }
@media (max-width: 640px) { .st-key-question-text h1 { font-size: 1.6rem; } }
</style>"""


def draw() -> None:
    """Draws the page."""
    st.html(STYLE)
    with errors.shown("The question cannot be shown"):
        store = service.store()
        shown = asked.now(store)
        _head(shown)
        if shown.guess is None:
            _before(shown.question, store)
        else:
            _after(shown.question, store, shown.guess)


def _head(shown: Asked) -> None:
    question = shown.question
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(CATALOGUE, label="Questions", width="content")
        st.caption(f"/ {question.topic.capitalize()}", width="content")
        st.badge(question.id, color="gray")
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if shown.guess is not None:
            _play(question)
        _next(shown)
    if where := asked.place(shown):
        st.caption(f":material/record_voice_over: {where}")
    with st.container(key="question-text"):
        st.title(question.text, anchor=False)


def _next(shown: Asked) -> None:
    following = asked.following(shown)
    if following is None:
        st.page_link(CATALOGUE, label="End of the interview", icon=":material/done_all:")
    else:
        st.page_link(HERE, label="Next question", icon=":material/arrow_forward:", query_params=following)


def _play(question: Question) -> None:
    """Links to continue: the question's page, and the workbench with its experiment, or with a variation if it has none."""
    if question.page:
        page = next(page for page in PAGES if page.path == question.page)
        st.page_link(page.path, label=f"Open {page.title}", icon=page.icon, help=page.about)
    elif not question.comparisons:
        turn = question.turns[0]
        query = links.query_for("compare", turn.experiment, asked_by=f"{question.id}.1")
        st.page_link(links.COMPARE, label="Try a variation", icon=":material/compare_arrows:", query_params=query, help=turn.change)
    if question.comparisons:
        query = links.query_for("compare", next(iter(question.comparisons.values())), asked_by=question.id)
        st.page_link(links.COMPARE, label="Open in the workbench", icon=":material/compare_arrows:", query_params=query)


def _before(question: Question, store: Store) -> None:
    """The premise, the options and the button; nothing about the answer."""
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
    """Draws the options, and returns the index of the chosen one."""
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
        return "The results are already stored here."
    runs = sum(len(comparison.runs()) for comparison in question.comparisons.values())
    networks = f"Trains {runs} small networks here" if runs else "Computes the results here"
    return f"{networks}." if not standing.done else f"{networks}; {standing.done:.0%} of it is stored."


def _after(question: Question, store: Store, guess: int) -> None:
    """The growing chart during the measurement; then, or on request, whether the guess was right, and the reason."""
    standing = measuring.progress(question, store)
    looked = [standing]
    measured = standing.complete or not standing.active  # the answer does not wait for a failed, cancelled or paused measurement
    revealed = measured or guess == guesses.SHOWN or _impatient(question, guess)
    if revealed:
        answer.judged(question, guess)
        left, right = st.columns([2, 1], gap="large")
        with right:
            answer.why(question)
    else:
        left = st.container()
    answer.options(question, guess, revealed=revealed)

    @st.fragment(run_every=EVERY if standing.active else None)
    def results() -> None:
        now = looked.pop() if looked else measuring.progress(question, store)  # the first drawing takes the look of the page's head
        if (now.active, now.complete) != (standing.active, standing.complete):
            st.rerun()
        if now.complete:
            answer.measured(question, store, guess)
        else:
            growing.draw(question, store, now)

    with left:
        results()
    if revealed:
        answer.below(question)
    if st.button("Guess again", type="tertiary", icon=":material/undo:", key=f"{PAGE}.{question.id}.again"):
        guesses.forget(store, question.id)
        st.rerun()


def _impatient(question: Question, guess: int) -> bool:
    """Shows the guess until the measurement ends; returns whether the reader wants the answer now."""
    said = st.empty()
    if st.toggle("Show the answer now", key=f"{PAGE}.{question.id}.now"):
        return True
    said.info(f"**{answer.expected(question, guess)}** The measurement is running.", icon=":material/hourglass_top:")
    return False
