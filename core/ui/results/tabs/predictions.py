"""The predictions of the networks at the end of their runs, on data that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import predictions as analysis
from core.analysis.statistics import quoted
from core.charts.parts import palette
from core.charts.results import predictions as charts
from core.ui.markdown import escaped
from core.ui.results import table
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.view import View

PATIENCE = 5.0
"""Seconds by which these pictures may lag behind while runs end one after the other."""
SHOWN_FIRST = 3
"""The most variants shown at first: one row on a wide screen."""

NOT_YET = "Predictions are stored when a run ends. No run has ended yet."
NOT_KEPT = (
    "These runs have no stored predictions: they diverged, or have neither test nor validation data, or an earlier version stored "
    "them. Runs that are trained now store their predictions."
)
NOT_RECORDED = "Predictions are not among the recorded results. Run trains these networks here and stores their predictions."
WHERE = {"test": "the test part, on which no decision was made", "validation": "the validation part, because there is no test part"}
ROC_HELP = (
    "True positive rate (share of the class that is found) against false positive rate (share of the other examples assigned to it), "
    "over all thresholds."
)
PR_HELP = (
    "Precision (share of correct examples among those assigned to the class) against recall (share of the class that is found), over "
    "all thresholds."
)


def draw(page: str, results: Results, view: View) -> None:
    """Confusion matrices and curves for classification, predicted against true values for regression, for the chosen variants."""
    chosen = _variants(page, results)
    if not chosen:
        st.caption("Choose a variant.")
        return
    frame = results.once(("predictions", *chosen), lambda: results.store.predictions(results.comparison, chosen), PATIENCE)
    if frame.empty:
        ended = results.runs["status"].isin(("finished", "stopped", "diverged")).any()
        st.caption(NOT_RECORDED if results.recorded else NOT_KEPT if ended else NOT_YET)
        return
    st.caption(escaped(_about(frame)))
    classified = frame[frame["predicted"].map(lambda value: isinstance(value, str))]
    measured = frame.drop(classified.index)
    if not measured.empty:
        _against_true(page, results, measured, chosen)
    if not classified.empty:
        _confusions(page, results, classified, chosen)
        _curves(page, results, classified, chosen)
    table.csv_button(f"{page}.download.predictions.csv", "predictions.csv", frame, "One row per run and example, for the chosen variants.")


def _variants(page: str, results: Results) -> list[str]:
    names = results.variants
    if len(names) == 1:
        return names
    chosen = st.multiselect(
        "Variants",
        names,
        default=names[:SHOWN_FIRST],
        key=f"{page}.predicted",
        bind="query-params",
        max_selections=len(palette.COLOURS),
        help="Variants whose predictions are shown.",
    )
    return [name for name in names if name in chosen]


def _about(frame: DataFrame) -> str:
    """The data of the predictions, the number of examples, and the variants without predictions."""
    first = frame.iloc[0]
    kept, size = len(frame[frame["run"] == first["run"]]), int(first["size"])
    examples = f"{size:,}" if kept == size else f"{kept:,} of {size:,} (the same ones for every run; more are not stored)"
    return f"At the end of each run, on {WHERE[str(first['part'])]}: {examples} examples. Runs that diverged are left out."


def _with_data(frame: DataFrame, chosen: Sequence[str]) -> list[str]:
    present = set(frame["variant"])
    return [name for name in chosen if name in present]


def _against_true(page: str, results: Results, frame: DataFrame, chosen: Sequence[str]) -> None:
    st.markdown("**Predicted against true**", help="In the target's own unit.")
    every = results.once(("against true", *chosen), lambda: analysis.against_true(frame), PATIENCE)
    grid, ends = st.grid(3, min_column_width=WIDTH, gap="small"), charts.reach(every)
    for name in _with_data(every, chosen):
        place = results.variants.index(name)
        with grid.cell():
            st.caption(escaped(name))
            mine = every[every["variant"] == name]
            key = f"{page}.against_true.{place}"
            options: dict[str, Any] = {"place": place, "ends": ends, "width": WIDTH}
            chart(results, key, charts.against_true, mine, variants=[name], stretch=True, patience=PATIENCE, **options)


def _confusions(page: str, results: Results, frame: DataFrame, chosen: Sequence[str]) -> None:
    st.markdown(
        "**Confusion matrices**", help="Rows are true classes, columns are predicted classes; numbers of examples are means over seeds."
    )
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for name in _with_data(frame, chosen):
        mine = frame[frame["variant"] == name]
        classes = tuple(analysis.classes(mine))
        made = results.once(("confusion", name), partial(analysis.confusion, mine), PATIENCE)
        with grid.cell():
            st.caption(escaped(name))
            key = f"{page}.confusion.{results.variants.index(name)}"
            chart(results, key, charts.confusion, made, variants=[name], stretch=True, patience=PATIENCE, classes=classes, width=WIDTH)


def _curves(page: str, results: Results, frame: DataFrame, chosen: Sequence[str]) -> None:
    """One class against the rest, with all chosen variants in one picture."""
    positive = _class(page, analysis.classes(frame))
    about = (positive, *chosen)
    roc = results.once(("roc", *about), lambda: analysis.roc(frame, positive), PATIENCE)
    recall = results.once(("precision recall", *about), lambda: analysis.precision_recall(frame, positive), PATIENCE)
    if roc.empty:
        st.caption(escaped(f"There are no curves for {quoted(positive)}: the part has no example of this class, or only examples of it."))
        return
    shared: dict[str, Any] = {
        "about": about,
        "stretch": True,
        "patience": PATIENCE,
        "width": WIDTH,
        "shown": tuple(_with_data(frame, chosen)),
    }
    grid = st.grid(2, min_column_width=WIDTH, gap="small")
    with grid.cell():
        st.markdown("**ROC curve**", help=ROC_HELP)
        chart(results, f"{page}.roc", charts.curve, roc, kind="roc", **shared)
    with grid.cell():
        st.markdown("**Precision and recall**", help=PR_HELP)
        guess = analysis.share_of(frame, positive)
        chart(results, f"{page}.recall", charts.curve, recall, kind="precision_recall", guess=guess, **shared)
    _areas(page, results, frame, positive, chosen)


def _class(page: str, classes: list[str]) -> str:
    """With two classes, the second one is chosen at first; it is the positive one if they are 0 and 1."""
    chosen = st.selectbox(
        "Class against the rest",
        classes,
        index=1 if len(classes) == 2 else 0,
        key=f"{page}.positive",
        bind="query-params",
        width=240,
        help="The curves are for this class: its probability is the score.",
    )
    return str(chosen or classes[0])


def _areas(page: str, results: Results, frame: DataFrame, positive: str, chosen: Sequence[str]) -> None:
    every = results.once(("areas", positive, *chosen), lambda: analysis.areas_by_variant(analysis.areas(frame, positive)), PATIENCE)
    number = st.column_config.NumberColumn
    half = "Half of the mean's 95 % interval (t distribution over seeds)."
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "n": number("Seeds"),
        "roc_auc": number("ROC AUC", format="%.4f", help="Area under the ROC curve, mean over seeds. Guessing has 0.5."),
        "roc_auc_half": number("±", format="%.2g", help=half),
        "average_precision": number("Average precision", format="%.4f", help="Area under the precision-recall curve, mean over seeds."),
        "average_precision_half": number("± ", format="%.2g", help=half),
    }
    alt = "Areas under both curves, by variant"
    st.dataframe(every, key=f"{page}.areas", hide_index=True, column_config=columns, placeholder="–", alt=alt)
