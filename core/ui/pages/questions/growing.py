"""A question during its measurement: the progress, other measurements, and the chart of the results so far."""

from __future__ import annotations

import streamlit as st
from pandas import DataFrame

from core.charts.parts import legends, palette, specs
from core.charts.results import curves
from core.experiments.claims.claim import Measured
from core.questions import measuring
from core.questions.measuring import Standing
from core.questions.question import Question
from core.runs import labs
from core.runs.store import Store
from core.ui.markdown import escaped
from core.ui.pages.questions.catalogue import start
from core.ui.results import live
from core.ui.results.live import Results

PAGE = "question"
INCOMPLETE = (LookupError, ValueError, TypeError, ArithmeticError)
"""Errors of a chart that needs more results than there are."""


def draw(question: Question, store: Store, now: Standing) -> None:
    """Draws the progress and the chart."""
    if now.problem and not now.active:
        st.error(escaped(now.problem), title="This could not be measured")
    if now.active:
        st.progress(now.done, text=words(now, measuring.others(question, store)))
    elif st.button("Measure it here", type="primary", key=f"{PAGE}.{question.id}.measure"):
        start([question], store)
    if now.active and question.comparisons:
        _picture(question, store)


def words(now: Standing, others: int) -> str:
    """The progress in words."""
    experiments = f"{others} other experiment{'s' * (others != 1)}"
    if not now.done:
        waits = f"{experiments} {'are' if others != 1 else 'is'} running or {'were' if others != 1 else 'was'} requested before"
        return f"Waiting: {waits}." if others else "Measuring: the first part is running."
    return f"Measuring: {now.done:.0%}." + (f" {experiments} take{'s' * (others == 1)} turns with it." if others else "")


def _picture(question: Question, store: Store) -> None:
    """The question's own chart if the results so far are sufficient, otherwise the validation loss."""
    found = {name: live.reader(comparison).latest() for name, comparison in question.comparisons.items()}
    first = next(iter(found.values()))
    if all(results.empty for results in found.values()):
        return
    computed = {name: kept[0] for name, lab in question.labs.items() if (kept := labs.found(store, lab.key)) is not None}
    picture = partial(question, {name: _evidence(results) for name, results in found.items()}, computed)
    if picture is not None:
        st.caption("Results so far; the chart grows while the networks train.")
    elif first.empty:
        return
    else:
        picture, shown = losses(first)
        st.caption(f"The validation loss during training{shown}. The question's own chart appears after all measurements.")
    st.vega_lite_chart(picture, key=f"{PAGE}.growing", width="stretch")


def _evidence(results: Results) -> Measured:
    history, layers = (frame.astype({"variant": str}) for frame in (results.history, results.layers))
    return Measured(history, layers, results.runs)


def partial(question: Question, trained: dict[str, Measured], computed: dict[str, DataFrame]) -> dict[str, object] | None:
    """The specification of the question's own chart from the results so far; None if it needs more."""
    begun = {name: each for name, each in trained.items() if _begun(question, name, each)}
    try:
        return specs.spec(legends.fitting(question.picture(begun | {name: Measured(frame=frame) for name, frame in computed.items()})))
    except INCOMPLETE:
        return None


def _begun(question: Question, name: str, measured: Measured) -> bool:
    """Whether every run of a comparison was measured at least once after its start, because a mean over some of the seeds would jump
    later.
    """
    runs = measured.history.loc[measured.history["step"] > 0, "run"]
    return bool(runs.nunique() == len(question.comparisons[name].runs()))


def losses(results: Results) -> tuple[dict[str, object], str]:
    """The validation loss of as many variants as fit into one panel, and words that tell which ones."""
    begun = [name for name in results.variants if (results.history["variant"] == name).any()]
    shown = begun[: len(palette.COLOURS)]
    chart = curves.loss_curves(results.history, variants=shown, with_seeds=False, with_train=False, width=700)
    said = "" if len(shown) == len(results.variants) else f" of {len(shown)} of the {len(results.variants)} variants"
    return specs.spec(legends.fitting(chart)), said
