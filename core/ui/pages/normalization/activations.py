"""Activations by layer over time, for each normalization in a deeper network."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.shown import layerwise
from core.charts import normalization as charts
from core.charts.results import layers
from core.choices.activations import Relu
from core.choices.models import Mlp
from core.comparison import Comparison
from core.experiments.batch_sizes import sizes
from core.experiments.normalization import USUAL
from core.ui.form import numbers, varied
from core.ui.form.picking import segmented_control
from core.ui.results import live, skeleton, table
from core.ui.results.drawing import WIDTH, along, chart
from core.ui.results.live import Results
from core.ui.results.sensitivity import places
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View

PATIENCE = 2.0
AS_SET = "as in the sidebar"
DEPTHS = ("4", "8", "16", "32")
MOST_EPOCHS = 200

HALF_NORMAL = {"activation_mean": 0.3989422804014327, "activation_std": 0.5838094410473646}
"""Mean 1/sqrt(2 pi) and standard deviation sqrt(1/2 - 1/(2 pi)) of max(z, 0) for a normal z with mean 0 and variance 1."""

MEASURES = {"spread": "activation_std", "mean": "activation_mean", "dead units": "dead_fraction"}
MEASURES_HELP = (
    "spread: standard deviation of a unit over the training examples, root mean square over the layer's units. mean: average over units "
    "and examples. "
    "dead units: share of the units whose output is 0 for every training example."
)
MOMENTS = {"Before training": True, "Last measured": False}
VIEW = View("val_accuracy")


def draw(page: str, comparison: Comparison) -> None:
    """The controls, and the live results of the deeper network."""
    st.markdown(
        "The outputs of each hidden layer, after its activation. **What to look at:** without normalization the spread depends on "
        "weights and training, and it multiplies from layer to layer; with batch norm each unit of each layer has mean 0 and "
        "variance 1 over the examples (times γ, plus β). After ReLU this gives a spread of 0.58 and a mean of 0.40 (dotted). Layer and RMS "
        "norm scale each example separately: the sizes stay, but the differences between examples may shrink with depth. All is measured "
        "in eval mode: before training, batch norm's running averages are still mean 0 and variance 1, so it has no effect there, and "
        "its curve equals that without normalization. A constant spread alone does not make a good network: the verdict below says which "
        "learned."
    )
    asked = deeper(page, comparison)
    live.show(asked, lambda results: draw_results(f"{page}.deep", results))


def deeper(page: str, comparison: Comparison) -> Comparison:
    """Draws depth, batch size and epochs, and returns the comparison of the normalizations in such a network."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        depth = None
        if isinstance(comparison.base.model, Mlp):
            offered = (AS_SET, *DEPTHS)
            depth = st.selectbox("Hidden layers", offered, index=2, key=f"{page}.depth", bind="query-params", width=170)
        texts = [f"{size}" for size in sizes(comparison)] or [f"{comparison.base.training.batch_size}"]
        begin = texts.index(f"{USUAL}") if f"{USUAL}" in texts else len(texts) - 1
        size = st.selectbox("Batches of", texts, index=begin, key=f"{page}.deep_size", bind="query-params", width=130)
        epochs = numbers.integer("Epochs", 1, MOST_EPOCHS, 8, key=f"{page}.deep_epochs", bind="query-params", width=120)
    return in_depth(comparison, None if depth in (None, AS_SET) else int(depth), int(size) if size.isdecimal() else size, epochs)


def in_depth(comparison: Comparison, depth: int | None, size: int | str, epochs: int) -> Comparison:
    """Each curve of the comparison once, at one batch size, with `depth` hidden layers (None: unchanged) and `epochs` epochs.

    The learning rate is the comparison's own. Raises SettingsError for settings that do not go together.
    """
    runs = dict(reversed(comparison.members))
    found = places(comparison, "training.batch_size").drop_duplicates("curve")
    curves = dict(zip(found["curve"], found["variant"], strict=True)) or {name: name for name in comparison.names}
    variants = []
    for curve, name in curves.items():
        own = dict(varied.differences(comparison.base, runs[name]))
        own |= {"training.batch_size": size, "training.epochs": epochs}
        if depth is not None and isinstance(runs[name].model, Mlp):
            own["model.depth"] = depth
        variants.append({"name": curve, **own})
    return Comparison.load({"base": comparison.base, "variants": variants, "seeds": comparison.seeds})


def draw_results(page: str, results: Results) -> None:
    """A measure of the activations by layer, before training and now, and over time."""
    words = Skeleton(page, "One click trains each normalization in a deeper network than in the first tab.")
    skeleton.draw(words, results, lambda results, _: _pictures(page, results), controls=_view)


def _view(page: str, results: Results) -> View:
    """Validation accuracy, if the runs have it."""
    return View(VIEW.metric if results.empty or results.history[VIEW.metric].notna().any() else "val_loss")


def _pictures(page: str, results: Results) -> None:
    """Every measure by layer before training and now, and one of them over time."""
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    normal = HALF_NORMAL if _relu(results.comparison) else {}
    for heading, first in MOMENTS.items():
        with grid.cell():
            st.markdown(f"**{heading}**")
            for column in MEASURES.values():
                options: dict[str, Any] = {"column": column, "when": heading.lower(), "reference": normal.get(column), "width": WIDTH}
                frame = partial(layerwise.by_depth, results.layers, column, first=first)
                chart(results, f"{page}.{column}.{first}", charts.profile, frame, stretch=True, patience=PATIENCE, **options)
    with grid.cell():
        _over_time(page, results)
    with st.expander("Exact values", type="compact"):
        rows = results.once("by depth", lambda: _every(results), PATIENCE)
        st.dataframe(
            rows,
            key=f"{page}.by_depth",
            hide_index=True,
            placeholder="–",
            alt="The measures by normalization and layer, before training and at the last evaluation",
        )
        table.csv_button(f"{page}.by_depth_csv", "activations.csv", rows, "One row per measure, moment, normalization and layer.")


def _over_time(page: str, results: Results) -> None:
    st.markdown("**Over time**")
    shown = segmented_control(
        "Over time", list(MEASURES), "spread", key=f"{page}.measure", help=MEASURES_HELP, label_visibility="collapsed"
    )
    column = MEASURES[shown]
    hidden = lambda: along(results, "epoch", results.layers[results.layers["layer"] != "output"])  # noqa: E731
    chart(results, f"{page}.heat", layers.heatmap, hidden, patience=PATIENCE, column=column, log=False, width=WIDTH)


def _every(results: Results) -> DataFrame:
    parts = [
        layerwise.by_depth(results.layers, column, first=first).assign(measure=measure, moment=heading.lower())
        for measure, column in MEASURES.items()
        for heading, first in MOMENTS.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _relu(comparison: Comparison) -> bool:
    """Whether all variants have ReLU and no skip connections; the dotted line applies only then."""
    models = [run.model for run in comparison.runs()]
    return all(isinstance(getattr(model, "activation", None), Relu) and not getattr(model, "skip", False) for model in models)
