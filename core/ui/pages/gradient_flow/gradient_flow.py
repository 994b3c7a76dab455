"""The page of gradient flow: networks layer by layer while they train, networks of many depths before, and the activation functions."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import lessons
from core.analysis.lessons import Lesson
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
"""Seconds for which the heat maps may be behind the curves while they grow: making those of all variants takes a quarter of one."""
HEAT_WIDTH, HEAT_ROW = 240, 14

SPREAD, MEAN, DEAD, UPDATE = "spread", "mean", "dead units", "update size"
OUTPUTS = {SPREAD: "activation_std", MEAN: "activation_mean", DEAD: "dead_fraction"}
OUTPUTS_HELP = (
    "Of each layer's activations over all training data, in evaluation mode. spread: how much a unit differs between examples (its "
    "standard deviation, root mean square over units). mean: their mean. "
    "dead units: share of the units that put out exactly 0 for every example, and so get no gradient."
)
HEATS = {"gradient": "grad_norm", SPREAD: "activation_std", DEAD: "dead_fraction", UPDATE: "update_ratio"}
HEAT_HELP = (
    "gradient: norm of the last mini-batch's, weights and biases of the layer together. spread: how much a unit differs between "
    "examples. "
    "dead units: share that is 0 on every example. update size: the last update's norm over the norm of the weights."
)

WORDS = Skeleton(
    PAGE,
    "They differ in activation, init, norm and skip. You will see how large the gradient of each layer is, from the input to the output, "
    "before the first update and after every epoch, and which of the networks learn at all.",
    look=":small[**What to look at:** a line that falls towards the input (left) is a gradient that vanishes, one far above the others is "
    "one that explodes. A layer multiplies the gradient's mean square by about n · Var(w) · E[φ′²], n being its units: a sigmoid's φ′ is "
    "at most ¼; He's init, Var(w) = 2/n, makes the product 1 for ReLU (arXiv:1502.01852), Xavier's, Var(w) = 2/(inputs + outputs), for a "
    "slope of 1 (Glorot & Bengio 2010).]",
    nothing_heading="The same ten layers seven times over",
    note="The tabs Depth and Activation functions need no training.",
    path="pages/gradient_flow.py",
    experiments=EXPERIMENTS,
)


def draw(results: Results) -> None:
    """The heading with the buttons, and a tab each for the networks and the two labs. Only the open tab is made."""
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
    """How much of the gradient reaches the first layer before the first update, and where that ends."""
    metric = overview.felt(results, view.metric)

    def make() -> Lesson | None:
        ends = layerwise.first_and_last(layerwise.at_moment(results.layers, 0.0), results.variants)
        return lessons.through_depth(ends, lessons.by_seed(results.history, results.runs, metric), metric)

    overview.lesson(results, ("depth", metric), make, lambda: overview.verdict(results, view))


def _draw_networks(results: Results, view: View) -> None:
    after = _moment(results, float(_begin(results, "after", "0")))
    frame = results.once(("moment", after), lambda: layerwise.at_moment(results.layers, after))
    _pictures(results, view, frame, after)
    _ends(results, frame, after)
    _heat(results, view)


def _begin(results: Results, widget: str, usual: str) -> str:
    """What a widget begins with: for a comparison of the links, what its text is about.

    The link says so too, but an address is forgotten by widgets that are not drawn, as before the comparison was trained.
    """
    shown = skeleton.shown(WORDS, results)
    return usual if shown is None else shown.view.get(widget, usual)


def _moment(results: Results, begin: float) -> float:
    """The epoch after which the layers are shown; 0 is the start. A widget of its own for each number of epochs, which are its bounds."""
    epochs = max(run.training.epochs for run in results.comparison.runs())
    key = f"{PAGE}.after" if epochs == START.base.training.epochs else f"{PAGE}.after.{epochs}"
    about = "0: before the first update. A run that has not come so far, or ended before, is shown as it was last measured."
    return float(st.slider("After epoch", 0, epochs, min(int(begin), epochs), key=key, bind="query-params", help=about, width=400))


def _pictures(results: Results, view: View, frame: DataFrame, after: float) -> None:
    options: dict[str, Any] = {"about": after, "stretch": True, "width": WIDTH}
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        st.subheader("Gradient by layer", anchor=False, help="Norm of the last mini-batch's gradient of a layer's weights and biases.")
        st.caption("Before any clipping; the layer at the input is 1.")
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
    """What the measurements leave out, as far as it concerns these networks."""
    models = [run.model for run in results.comparison.runs()]
    said = ["Means of quantities on a logarithmic axis are geometric, so that one seed does not outweigh the rest."]
    if any(getattr(getattr(model, "normalization", None), "kind", "") == "batch" for model in models):
        said.append(
            "Activations are those of evaluation mode, in which batch norm uses running averages: at epoch 0 these are still 0 and 1, and "
            "it does nothing. Gradients are those of training mode, where it works from the first batch on."
        )
    if any(getattr(model, "skip", False) for model in models):
        said.append("With skip connections the activations are the branch's, before the layer's input is added.")
    return " ".join(said)


def _ends(results: Results, frame: DataFrame, after: float) -> None:
    """The numbers behind the lines: the ends of each."""
    st.markdown(
        "**First against last layer**",
        help="Medians over seeds at the moment chosen above. Last: the last hidden layer. Dead: of all hidden units.",
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
    table.csv_button(f"{PAGE}.download.ends", "by_layer.csv", _exported(frame), "A row a run and layer, at the moment chosen above.")


def _exported(frame: DataFrame) -> DataFrame:
    columns = ["variant", "seed", "step", "epoch", "place", "layer", "grad_norm", "activation_mean", "activation_std", "dead_fraction"]
    return frame[columns]


def _heat(results: Results, view: View) -> None:
    """Layers over time, a panel a variant, all with the same colours."""
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
    """All layers, or the hidden ones alone, with the x axis beside them."""
    rows = along(results, view.x)
    return rows[rows["layer"] != layerwise.OUTPUT] if hidden else rows


def _of(rows: DataFrame, variants: Any) -> DataFrame:
    """The rows of these variants, so that no layer of the others takes room."""
    return rows[rows["variant"].isin(list(variants))]
