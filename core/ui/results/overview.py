"""The main results of a comparison: the verdict in a sentence, and loss, weights and sparsity side by side."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import streamlit as st

from core.analysis import findings, metrics
from core.analysis.findings import Finding
from core.analysis.statistics import leading_verdict
from core.charts.results import curves, weights
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.results.drawing import WIDTH, along, chart
from core.ui.results.live import Results
from core.ui.results.view import View, named

NORM, OVER_TIME, AT_THE_END = "norm", "over time", "at the end"
WEIGHTS_HELP = (
    "norm: the norm of each layer's weights, mean and 95 % band over seeds. "
    "over time: histograms of one network's weights, epoch by epoch. "
    "at the end: the histograms at the last evaluation, with all variants in one picture."
)
DIFFERENT_LOSSES = (
    ":material/warning: The training loss as logged is the loss that each run minimises, and it differs between the variants: their values "
    "cannot be compared. The other metrics use one loss for all variants."
)
DIFFERENT_UNITS = (
    ":material/warning: The losses of these variants have different units, because only some of them are trained on standardised targets. "
    "Compare RMSE, MAE or R² instead."
)
SPARSITY = {"exact zeros": "sparsity", "near zeros": "near_zero"}
SPARSITY_HELP = "Share of the weights that are exactly 0, as after pruning, or smaller than 0.001, as with penalties."


def verdict(results: Results, view: View) -> None:
    """The best variant against the second best in one sentence."""
    said = results.once(
        ("verdict", view.metric, view.at), lambda: leading_verdict(results.course, results.runs, view.metric, view.at, results.reached)
    )
    st.markdown(f"#### {escaped(said)}", help="Differences are paired by seed; the range in brackets is their 95 % interval.")
    if view.metric == "train_loss" and len({run.objective for run in results.comparison.runs()}) > 1:
        st.caption(DIFFERENT_LOSSES)
    if metrics.is_loss(view.metric) and len(results.once("units of losses", lambda: metrics.loss_units(results.history))) > 1:
        st.caption(DIFFERENT_UNITS)


def felt(results: Results, metric: str) -> str:
    """The metric of a page's sentence: accuracy instead of the loss if it was measured, because it is easier to judge."""
    shown = metric == "val_loss" and results.once("felt", lambda: bool(results.history["val_accuracy"].notna().any()))
    return "val_accuracy" if shown else metric


def finding(
    results: Results, name: Hashable, make: Callable[[], Sequence[Finding | None]], instead: Callable[[], object], *, last: bool = True
) -> None:
    """Draws the page's own sentences if all results are here and they are about the last values; else calls `instead`.

    Args:
        results: of the comparison.
        name: the name of what `make` returns among all that is made of the results.
        make: returns the sentences; an empty list, or a None among them, if they do not apply.
        instead: draws something else.
        last: whether the page is set to the last values, which is what these sentences are about.
    """
    found = results.once(("finding", name), make) if last and not (results.growing or results.missing) else []
    if not found or None in found:
        instead()
        return
    gone = results.once("lost", lambda: findings.lost(results.history, results.runs, "val_loss"))
    for each in filter(None, found):
        with st.container(gap="xxsmall"):
            st.markdown(f"#### {escaped(each.said)}")
            st.caption(escaped(" ".join(filter(None, [each.small, gone]))))


def side_by_side(page: str, results: Results, view: View) -> None:
    """Loss, weights and sparsity in a row if there is room, else one below the other."""
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        loss(page, results, view)
    with grid.cell():
        spread(page, results, view)
    with grid.cell():
        sparsity(page, results, view)


def loss(page: str, results: Results, view: View) -> None:
    """The metric over training."""
    st.subheader(named(results, view.metric), anchor=False)
    chart(
        results,
        f"{page}.loss",
        curves.loss_curves,
        results.course,
        results.reached,
        stretch=True,
        metric=view.metric,
        with_train=view.with_train,
        with_seeds=view.with_seeds,
        x=view.x,
        log_y=view.log_y,
        focus=view.focus,
        x_end=_end(results, view),
        width=WIDTH,
    )


def _end(results: Results, view: View) -> float | None:
    """The last epoch of the comparison while it is running, so that the axis need not grow; else None."""
    if view.x != "epoch" or results.missing == 0:
        return None
    return float(max(run.training.epochs for run in results.comparison.runs()))


def spread(page: str, results: Results, view: View, start: str = NORM) -> None:
    """The weights: their norm by layer, or their histogram in one layer of one seed; `start` is the initial choice."""
    st.subheader("Weights", anchor=False)
    shown = segmented_control(
        "Weights as", (OVER_TIME, NORM, AT_THE_END), start, key=f"{page}.weights", help=WEIGHTS_HELP, label_visibility="collapsed"
    )
    if shown == NORM:
        chart(results, f"{page}.norms", weights.norms, lambda: along(results, view.x), x=view.x, width=WIDTH)
        return
    if results.recorded:
        st.caption("The shipped results contain no histograms of weights. Run trains these networks here and stores the histograms.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        seed = seed_choice(f"{page}.weights_seed", results)
        if shown == OVER_TIME:
            layers = results.once("layers", lambda: list(results.layers["layer"].unique()))
            layer = st.selectbox("Layer", layers, key=f"{page}.layer", bind="query-params", label_visibility="collapsed", width=140)
    if shown == AT_THE_END:
        chart(
            results,
            f"{page}.last_histograms",
            weights.last_histograms,
            lambda: results.as_compared(results.histograms(seed)),
            seed=seed,
            width=WIDTH,
        )
        return
    frame = lambda: along(results, view.x, results.histograms(seed))  # noqa: E731
    chart(results, f"{page}.histograms", weights.histograms, frame, layers=(layer,), seed=seed, x=view.x, width=WIDTH)


def sparsity(page: str, results: Results, view: View) -> None:
    """Zeros among the weights, by layer."""
    st.subheader("Sparsity", anchor=False)
    shown = segmented_control(
        "Sparsity as", list(SPARSITY), "exact zeros", key=f"{page}.sparsity", help=SPARSITY_HELP, label_visibility="collapsed"
    )
    column = SPARSITY[shown]
    if not results.empty and results.once(("none", column), lambda: not (results.layers[column] > 0).any()):
        st.caption(
            f"There are no {shown}: nothing in these settings sets weights to 0. Pruning does this, and an L1 penalty brings weights "
            "close to 0."
        )
        return
    chart(results, f"{page}.zeros", weights.by_layer, lambda: along(results, view.x), column=column, x=view.x, width=WIDTH)


def seed_choice(key: str, results: Results) -> int:
    """Draws the list of seeds, for pictures of one network for each variant, and returns the chosen seed."""
    seeds = results.comparison.seed_list
    chosen = st.selectbox(
        "Seed", seeds, format_func=lambda seed: f"seed {seed}", key=key, bind="query-params", label_visibility="collapsed", width=110
    )
    return int(chosen)
