"""The page of mistakes: one chart for each run with a guess below it, and the names on request."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

import streamlit as st
from pandas import CategoricalDtype, DataFrame

from core.charts.results import curves
from core.experiments.mistakes import EXPERIMENTS, HEALTHY, PAGE, START
from core.ui.form import forms
from core.ui.markdown import escaped
from core.ui.pages.mistakes.hidden import Hidden, code_of, seen_of, title_of
from core.ui.results import live, skeleton
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.view import View, in_words, metrics, named

WORDS = skeleton.Skeleton(
    PAGE,
    "You will see one curve for each run, without its name, over three seeds: one run is correct, and each of the others has one mistake. "
    "Guess which is which; then see the names, the code of each mistake, and its symptoms.",
    heading="Mistakes",
    look=EXPERIMENTS[0].look,
    nothing_heading="Which run has which mistake?",
)
ROUND_HELP = "Another number hides the runs behind other letters. Trained runs are not trained again."
LOOK_HELP = "Solid: validation data. Dashed: training data, if the metric is measured on both."
HEIGHT, MOST_ROUNDS = 170, 999.0
BADGE: dict[bool, Literal["green", "red"]] = {True: "green", False: "red"}
LOOKS = {in_words(column): column for column in ("grad_norm", "distance", "weight_norm", "update_cosine")}
"""Measures that are offered beside the metrics."""


class Look(NamedTuple):
    """The shown measure: a column, and whether its axis is logarithmic."""

    metric: str
    log_y: bool


def draw() -> None:
    """Draws the settings and the number of the round in the sidebar, and the runs beside it."""
    number = _round()
    base = forms.settings(PAGE, START)
    if base.mistake.kind != HEALTHY:
        st.sidebar.caption("mistake: not used, because every run here has its own")
    hidden = Hidden(base, number)
    live.show(hidden.comparison, partial(_body, hidden))


def _round() -> int:
    """The number of the round, from a float, because the URL may contain infinity."""
    common: dict[str, Any] = {"key": f"{PAGE}.round", "bind": "query-params", "help": ROUND_HELP}
    return int(st.sidebar.number_input("Round", 1.0, MOST_ROUNDS, 1.0, 1.0, format="%.0f", **common))


def _body(hidden: Hidden, results: Results) -> None:
    if skeleton.opened(WORDS, results):
        _game(hidden, results)
    if hidden.refused:
        reasons = "; ".join(f"{title_of(kind).lower()} ({reason})" for kind, reason in hidden.refused.items())
        st.caption(escaped(f"Not among the runs, because they have no effect with these settings: {reasons}."))


def _game(hidden: Hidden, results: Results) -> None:
    look, revealed = _controls(results)
    score = st.container()
    guesses: dict[str, str | None] = {}
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for name in hidden.dealt:
        with grid.cell(), st.container(border=True, gap="xsmall"):
            guesses[name] = _run(hidden, results, name, look, revealed=revealed)
    with score:
        _score(hidden, guesses, revealed=revealed)
    if revealed:
        skeleton.finish(PAGE, results, View(look.metric))


def _controls(results: Results) -> tuple[Look, bool]:
    """The shown measure, and whether the names are shown."""
    offered = {named(results, metric): metric for metric in metrics(results)} | LOOKS
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox("Look at", list(offered), key=f"{PAGE}.look", bind="query-params", width=230, help=LOOK_HELP)
        log_y = st.toggle("log y", value=True, key=f"{PAGE}.log_y", bind="query-params")
        revealed = st.toggle(
            "Reveal", key=f"{PAGE}.reveal", bind="query-params", help="Shows the names and the number of your right guesses."
        )
    return Look(offered[chosen], log_y), revealed


def _run(hidden: Hidden, results: Results, name: str, look: Look, *, revealed: bool) -> str | None:
    """Draws one run: its curve, the guess, and on request its mistake. Returns the guessed kind."""
    kind = hidden.dealt[name]
    st.markdown(f"**{name}: {title_of(kind)}**" if revealed else f"**{name}**")
    healthy = next(other for other, of in hidden.dealt.items() if of == HEALTHY)
    shown = (name,) if not revealed or kind == HEALTHY else (name, healthy)
    _curve(results, name, look, {other: title_of(hidden.dealt[other]) if revealed else other for other in shown})
    guess = st.selectbox(
        f"What is {name}?",
        hidden.kinds,
        index=None,
        format_func=title_of,
        placeholder="What is it?",
        key=f"{PAGE}.guess.{hidden.number}.{name[-1]}",
        bind="query-params",
        disabled=revealed,
        label_visibility="collapsed",
    )
    if revealed:
        _told(kind, guess)
    return guess


def _curve(results: Results, name: str, look: Look, labels: dict[str, str]) -> None:
    """The run's measure over training, on the training data dashed; together with the correct run when the names are shown."""
    frame = partial(_renamed, results.course, labels)
    options: dict[str, Any] = {"metric": look.metric, "log_y": look.log_y, "with_train": True, "with_seeds": False, "focus": True}
    options |= {"variants": tuple(labels.values()), "width": WIDTH, "height": HEIGHT}
    chart(results, f"{PAGE}.curve.{name}", curves.loss_curves, frame, about=name, stretch=True, **options)


def _renamed(history: DataFrame, labels: dict[str, str]) -> DataFrame:
    """The rows of these variants, under other names."""
    rows = history[history["variant"].isin(list(labels))]
    return rows.assign(variant=rows["variant"].astype(str).map(labels).astype(CategoricalDtype(list(labels.values()))))


def _told(kind: str, guess: str | None) -> None:
    if guess is not None:
        right = guess == kind
        st.badge("right" if right else "not this one", icon=":material/check:" if right else ":material/close:", color=BADGE[right])
    st.caption(code_of(kind))
    if seen := seen_of(kind):
        st.caption(f"**Symptoms:** {seen}")


def _score(hidden: Hidden, guesses: dict[str, str | None], *, revealed: bool) -> None:
    made, of = sum(guess is not None for guess in guesses.values()), len(hidden.dealt)
    if revealed:
        st.markdown(f"#### {hidden.right(guesses)} of {of} runs guessed right")
    else:
        st.caption(f"{made} of {of} runs guessed. Reveal shows the names.")
