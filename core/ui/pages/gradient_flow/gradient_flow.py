"""The page of gradient flow: networks layer by layer during training, networks of many depths before training, activation functions."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import findings
from core.analysis.findings import Finding
from core.analysis.shown import layerwise
from core.charts import gradient_flow as charts
from core.charts.results import layers
from core.experiments.gradient_flow import EXPERIMENTS, PAGE, START
from core.ui.form.picking import segmented_control
from core.ui.pages.gradient_flow import activation_functions, depth
from core.ui.results import overview, parts, skeleton, steering, table
from core.ui.results.drawing import WIDTH, along, chart
from core.ui.results.live import Results
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View

__all__ = ["PAGE", "START", "draw"]


NETWORKS, DEPTH, FUNCTIONS = "Networks", "Depth", "Activation functions"

HEAT_PATIENCE = 10.0
"""Seconds by which the heat maps may lag behind the growing curves: drawing those of all variants takes a quarter of a second."""
HEAT_WIDTH, HEAT_ROW = 240, 14

SPREAD, MEAN, DEAD, UPDATE = "spread", "mean", "dead units", "update size"
OUTPUTS = {SPREAD: "activation_std", MEAN: "activation_mean", DEAD: "dead_fraction"}
OUTPUTS_HELP = (
    "Each layer's activations over all training data, in eval mode. spread: how much a unit differs between examples (its "
    "standard deviation, root mean square over units). mean: the mean of the activations. "
    "dead units: share of the units whose output is exactly 0 for every example, so that they get no gradient."
)
HEATS = {"gradient": "grad_norm", SPREAD: "activation_std", DEAD: "dead_fraction", UPDATE: "update_ratio"}
HEAT_HELP = (
    "gradient: norm of the last mini-batch's gradient, over the layer's weights and biases. spread: how much a unit differs between "
    "examples. "
    "dead units: share of units that are 0 on every example. update size: norm of the last update divided by the norm of the weights."
)

WORDS = Skeleton(
    PAGE,
    "The networks differ in activation, init, norm and skip. You will see the size of the gradient in each layer, from input to output, "
    "before the first update and after every epoch, and which networks learn.",
    look=":small[**What to look at:** a line that falls towards the input (left) is a vanishing gradient; a line far above the others is "
    "an exploding one. A layer with n units multiplies the gradient's mean square by about n · Var(w) · E[φ′²]: a sigmoid's φ′ is "
    "at most ¼; He's init, Var(w) = 2/n, makes the product 1 for ReLU (arXiv:1502.01852), Xavier's, Var(w) = 2/(inputs + outputs), for a "
    "slope of 1 (Glorot & Bengio 2010).]",
    nothing_heading="The same ten layers in seven variants",
    note="The tabs Depth and Activation functions need no training.",
    path="pages/gradient_flow.py",
    experiments=EXPERIMENTS,
)


def draw(results: Results) -> None:
    """The heading with the buttons, and one tab for the networks and for each of the two labs; only the open tab is drawn."""
    steering.title(results, "Gradient flow", PAGE)
    steering.standing(results)
    drawers = {
        NETWORKS: lambda: _networks(results),
        DEPTH: lambda: depth.draw(results.comparison),
        FUNCTIONS: activation_functions.draw,
    }
    parts.tabs(f"{PAGE}.tab", drawers)


def _networks(results: Results) -> None:
    if skeleton.opened(WORDS, results, steer="above"):
        skeleton.body(PAGE, results, _draw_networks, verdict=_verdict)


def _verdict(results: Results, view: View) -> None:
    """How much of the gradient reaches the first layer before the first update, and the final scores."""
    metric = overview.felt(results, view.metric)

    def make() -> list[Finding | None]:
        ends = layerwise.first_and_last(layerwise.at_moment(results.layers, 0.0), results.variants)
        return [findings.through_depth(ends, findings.by_seed(results.history, results.runs, metric), metric)]

    overview.finding(results, ("depth", metric), make, lambda: overview.verdict(results, view), last=view.at == "last")


def _draw_networks(results: Results, view: View) -> None:
    after = _moment(results, float(_begin(results, "after", "0")))
    frame = results.once(("moment", after), lambda: layerwise.at_moment(results.layers, after))
    _pictures(results, view, frame, after)
    _ends(results, frame, after)
    _heat(results, view)


def _begin(results: Results, widget: str, usual: str) -> str:
    """The initial value of a widget: for a comparison of the page's links, the one that its text is about.

    The link says it too, but the address forgets values of widgets that are not drawn, as before the comparison is trained.
    """
    shown = skeleton.shown(WORDS, results)
    return usual if shown is None else shown.view.get(widget, usual)


def _moment(results: Results, begin: float) -> float:
    """The epoch after which the layers are shown; 0 is the start. Each number of epochs has its own widget, since it sets the bounds."""
    epochs = max(run.training.epochs for run in results.comparison.runs())
    key = f"{PAGE}.after" if epochs == START.base.training.epochs else f"{PAGE}.after.{epochs}"
    about = "0: before the first update. A run that has not reached this epoch, or ended before it, is shown at its last evaluation."
    return float(st.slider("After epoch", 0, epochs, min(int(begin), epochs), key=key, bind="query-params", help=about, width=400))


def _pictures(results: Results, view: View, frame: DataFrame, after: float) -> None:
    options: dict[str, Any] = {"about": after, "stretch": True, "width": WIDTH}
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        st.subheader("Gradient by layer", anchor=False, help="Norm of the last mini-batch's gradient, over a layer's weights and biases.")
        st.caption("Gradients before clipping; layer 1 is at the input.")
        chart(results, f"{PAGE}.gradient", charts.by_layer, frame, column="grad_norm", **options)
    with grid.cell():
        st.subheader("Activations by layer", anchor=False)
        shown = _segments("layers", list(OUTPUTS), _begin(results, "layers", SPREAD), "Activations as", OUTPUTS_HELP)
        _outputs(results, frame, shown, options)
    with grid.cell():
        overview.loss(PAGE, results, view)
    st.caption(_honestly(results))


def _outputs(results: Results, frame: DataFrame, shown: str, options: dict[str, Any]) -> None:
    column = OUTPUTS[shown]
    if shown == DEAD:
        frame = frame[frame["layer"] != layerwise.OUTPUT]
        if len(frame) and not (frame[column] > 0).any():
            st.caption("No unit is dead at this moment in any network.")
            return
    chart(results, f"{PAGE}.outputs", charts.by_layer, frame, column=column, log=shown == SPREAD, **options)


def _segments(name: str, offered: list[str], begin: str, label: str, about: str) -> str:
    key = f"{PAGE}.{name}"
    hidden: Any = "collapsed"
    return segmented_control(label, offered, begin, key=key, help=about, label_visibility=hidden)


def _honestly(results: Results) -> str:
    """The limits of the measurements, as far as they concern these networks."""
    models = [run.model for run in results.comparison.runs()]
    said = ["Means on a logarithmic axis are geometric, so that one seed does not dominate the others."]
    if any(getattr(getattr(model, "normalization", None), "kind", "") == "batch" for model in models):
        said.append(
            "Activations are measured in eval mode, in which batch norm uses running averages: at epoch 0 these are still 0 and 1, and "
            "it has no effect. Gradients are measured in training mode, where batch norm works from the first batch on."
        )
    if any(getattr(model, "skip", False) for model in models):
        said.append("With skip connections, the activations are those of the branch, before the layer's input is added.")
    return " ".join(said)


def _ends(results: Results, frame: DataFrame, after: float) -> None:
    """The exact values of the first and last layer."""
    st.markdown(
        "**First against last layer**",
        help="Medians over seeds at the epoch chosen above. Last: the last hidden layer. Dead: share of all hidden units.",
    )
    made = results.once(("ends", after), lambda: layerwise.first_and_last(frame, results.variants))
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "seeds": number("Seeds"),
        "first": number("Gradient of the first", format="%.2e"),
        "last": number("of the last", format="%.2e"),
        "ratio": number("First / last", format="%.2e", help="Median of the seeds' ratios."),
        "spread_first": number("Spread of the first", format="%.3g"),
        "spread_last": number("of the last", format="%.3g"),
        "dead": number("Dead units", format="percent"),
    }
    alt = "Gradient and spread of the first and the last hidden layer, and dead units, by variant"
    st.dataframe(made, key=f"{PAGE}.ends", hide_index=True, column_config=columns, placeholder="–", alt=alt)
    table.csv_button(f"{PAGE}.download.ends", "by_layer.csv", _exported(frame), "One row per run and layer, at the epoch chosen above.")


def _exported(frame: DataFrame) -> DataFrame:
    columns = ["variant", "seed", "step", "epoch", "place", "layer", "grad_norm", "activation_mean", "activation_std", "dead_fraction"]
    return frame[columns]


def _heat(results: Results, view: View) -> None:
    """Layers over time, one panel for each variant, all with the same colour scale."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**By layer over time**", width="content")
        shown = _segments("heat", list(HEATS), _begin(results, "heat", "gradient"), "By layer over time", HEAT_HELP)
    column = HEATS[shown]
    if shown == DEAD and not results.empty and results.once("no dead", lambda: not (results.layers[column] > 0).any()):
        st.caption("No unit is dead at any moment in any network.")
        return
    frame = lambda: results.once(("heat", view.x, shown == DEAD), lambda: _over_time(results, view, hidden=shown == DEAD))  # noqa: E731
    span = results.once(("span", column), lambda: layers.span_of(results.layers, column), HEAT_PATIENCE)
    options: dict[str, Any] = {"column": column, "x": view.x, "width": HEAT_WIDTH, "row": HEAT_ROW, "span": span}
    grid = st.grid(4, min_column_width=HEAT_WIDTH, gap="small")
    for index, variant in enumerate(results.variants):
        with grid.cell():
            key = f"{PAGE}.heat.{index}"
            build = lambda rows, *, variants, **more: layers.heatmap(_of(rows, variants), variants=variants, **more)  # noqa: E731
            chart(results, key, build, frame, about=column, variants=(variant,), patience=HEAT_PATIENCE, **options)


def _over_time(results: Results, view: View, *, hidden: bool) -> DataFrame:
    """All layers, or only the hidden ones, with the x axis added."""
    rows = along(results, view.x)
    return rows[rows["layer"] != layerwise.OUTPUT] if hidden else rows


def _of(rows: DataFrame, variants: Any) -> DataFrame:
    """The rows of these variants, so that layers of other variants take no room."""
    return rows[rows["variant"].isin(list(variants))]
