"""Which numbers a normalization averages together: a small tensor before and after, and its statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st
from pandas import DataFrame

from core.charts import normalization as charts
from core.charts.parts.palette import COLOURS
from core.labs.networks import norm_axes as lab
from core.labs.networks.norm_axes import Kind
from core.ui.form import numbers
from core.ui.form.picking import segmented_control
from core.ui.results import table
from core.ui.results.drawing import WIDTH, figure


class About(NamedTuple):
    """A normalization in words: its formula, what is averaged together, and the paper."""

    title: str
    formula: str
    averaged: str
    source: str


CENTRED = "y = (x − mean) / √(var + ε) · γ + β"
KINDS: dict[Kind, About] = {
    "batch": About(
        "Batch",
        CENTRED,
        "Each **unit** over all **examples** of the batch (and positions). The output for one example depends on the others; without a "
        "batch, in eval mode, running averages are used.",
        "[Ioffe & Szegedy 2015](https://arxiv.org/abs/1502.03167)",
    ),
    "layer": About(
        "Layer",
        CENTRED,
        "Each **example** over all its **units** (and positions). No other example is used, so any batch size works, and both modes "
        "are the same.",
        "[Ba, Kiros & Hinton 2016](https://arxiv.org/abs/1607.06450)",
    ),
    "group": About(
        "Group",
        CENTRED,
        "Each **example** over a **group of neighbouring units**. One group is layer norm; in a convnet, as many groups as units is "
        "instance norm.",
        "[Wu & He 2018](https://arxiv.org/abs/1803.08494)",
    ),
    "instance": About(
        "Instance",
        "y = (x − mean) / √(var + ε)",
        "Each **unit of each example** over its **positions**. A fully connected layer has no positions; there the instance is the whole "
        "example, as in layer norm, but without γ and β.",
        "[Ulyanov, Vedaldi & Lempitsky 2016](https://arxiv.org/abs/1607.08022)",
    ),
    "rms": About(
        "RMS",
        "y = x / √(mean of x² + ε) · γ",
        "Each **example** over all its **units** (and positions), as in layer norm, but without subtracting the mean: one pass less.",
        "[Zhang & Sennrich 2019](https://arxiv.org/abs/1910.07467)",
    ),
    "weight": About(
        "Weight",
        "w = g · v / ‖v‖",
        "**Weights** instead of outputs: the weights **into one unit** have a direction v / ‖v‖ and a length g, learned separately. The "
        "gradient "
        "of v is orthogonal to v, so each update of plain SGD makes v longer, and the next update turns it less: the learning rate adapts "
        "by itself.",
        "[Salimans & Kingma 2016](https://arxiv.org/abs/1602.07868)",
    ),
}
TITLES = {about.title: kind for kind, about in KINDS.items()}
FULL, CONVOLVED = "fully connected", "convnet"
MOST_SEEDS = 999


def draw(page: str) -> None:
    """The controls, the tensor before and after with one colour for the cells of each set, and the statistics."""
    kind, convolved, groups, seed = _controls(page)
    about = KINDS[kind]
    st.markdown(f"`{about.formula}`   {about.averaged} ({about.source})")
    x_NCP = lab.tensor(seed, convolved=convolved)
    try:
        found = lab.normalized(x_NCP, kind, groups)
    except ValueError as error:
        st.warning(f"{str(error)[0].upper()}{str(error)[1:]}. Choose fewer groups.")
        return
    names = list(found.sets["name"])
    chosen = _chosen(page, names, kind)
    _pictures(page, found, names, chosen, kind)
    _worked(found, chosen, kind)
    _tables(page, found, x_NCP, kind, seed)


def _controls(page: str) -> tuple[Kind, bool, int, int]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shown = segmented_control("Normalization", list(TITLES), "Batch", key=f"{page}.kind", wrap=True)
        layer = segmented_control(
            "Layer",
            (FULL, CONVOLVED),
            FULL,
            key=f"{page}.layer",
            help="Fully connected: 4 examples of 6 units. Convnet: 3 examples of 6 units (channels) at 4 positions each.",
        )
        groups = segmented_control(
            "Groups", (1, 2, 3, 6), 2, key=f"{page}.groups", disabled=shown != "Group", help="Number of groups in group norm."
        )
        seed = numbers.integer(
            "Numbers", 0, MOST_SEEDS, 0, key=f"{page}.numbers", bind="query-params", width=110, help="Draws other numbers."
        )
    return TITLES[shown], layer == CONVOLVED, int(groups), seed


def _chosen(page: str, names: list[str], kind: Kind) -> int:
    """The set that is highlighted."""
    text = st.selectbox(
        "Set of cells",
        names,
        key=f"{page}.set.{kind}.{len(names)}",
        bind="query-params",
        width=220,
        help=f"{len(names)} sets; each has its own mean and variance. Choose the one to highlight.",
    )
    return names.index(text) if text in names else 0


def _pictures(page: str, found: lab.Normalized, names: list[str], chosen: int, kind: Kind) -> None:
    weights = kind == "weight"
    columns = "input" if weights else "example"
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    headings = {
        "x": "The weights v" if weights else "Before: x",
        "y": "Normalized, g = 1: w" if weights else "After, with γ = 1 and β = 0: y",
    }
    for value, heading in headings.items():
        with grid.cell():
            st.markdown(f"**{heading}**")
            figure(f"{page}.{value}", charts.axes(found.cells, value=value, sets=names, chosen=chosen, columns=columns), stretch=True)
    together = "one weight vector" if weights else "averaged together"
    again = " After eight sets the colours repeat." if len(names) > len(COLOURS) else ""
    st.caption(f"Cells of one colour are {together}; strong colours mark the set chosen above.{again}")


def _worked(found: lab.Normalized, chosen: int, kind: Kind) -> None:
    """The statistics of the chosen set, and the computation of its first cell."""
    row = found.sets.iloc[chosen].to_dict()
    first = found.cells[found.cells["set"] == chosen].iloc[0]
    x, y, cells = first["x"], first["y"], int(row["cells"])
    if kind == "weight":
        said = f"‖v‖ = √(sum of {cells} squares) = {row['scale']:.4f}; first cell: {x:.1f} / {row['scale']:.4f} = {y:.4f}"
    elif kind == "rms":
        said = f"mean of x² = {row['square']:.4f} over {cells} cells; first cell: {x:.1f} / √({row['square']:.4f} + 1e-5) = {y:.4f}"
    else:
        mean = f"({row['mean']:.4f})" if row["mean"] < 0 else f"{row['mean']:.4f}"
        said = (
            f"mean = {row['mean']:.4f}, var = {row['variance']:.4f} over {cells} cells; "
            f"first cell: ({x:.1f} − {mean}) / √({row['variance']:.4f} + 1e-5) = {y:.4f}"
        )
    st.markdown(f"**{row['name'].capitalize()}**: `{said.replace('-', '−').replace('1e−5', '1e-5')}`")


def _tables(page: str, found: lab.Normalized, x_NCP: lab.Floats, kind: Kind, seed: int) -> None:
    frame, columns = _statistics(found, x_NCP, kind, seed)
    st.dataframe(
        frame, key=f"{page}.sets", hide_index=True, column_config=columns, placeholder="–", alt="Mean and variance of every set of cells"
    )
    with st.container(horizontal=True, gap="small"):
        table.csv_button(f"{page}.sets_csv", "sets.csv", frame, "One row per set.")
        table.csv_button(f"{page}.cells_csv", "cells.csv", found.cells, "One row per cell: its set, x and y.")


def _statistics(found: lab.Normalized, x_NCP: lab.Floats, kind: Kind, seed: int) -> tuple[DataFrame, dict[str, Any]]:
    """The table of the sets, and its columns. For weight norm it has the product of v and its gradient, for a random gradient of w."""
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {"name": st.column_config.TextColumn("Set of cells"), "cells": number("Cells")}
    if kind == "weight":
        of_weight, product = lab.weight_norm_products(x_NCP, seed)
        columns["scale"] = number("‖v‖", format="%.4f")
        columns["plain"] = number("v · gradient of w", format="%.4f", help="For a random gradient of w.")
        columns["product"] = number(
            "v · gradient of v", format="%.1e", help="For the same loss: 0 up to rounding, whatever the gradient is."
        )
        return found.sets.assign(plain=of_weight, product=product)[list(columns)], columns
    if kind == "rms":
        columns["square"] = number("Mean of x²", format="%.4f")
    else:
        columns["mean"] = number("Mean", format="%.4f")
        columns["variance"] = number("Variance", format="%.4f", help="Divided by the number of cells n, not by n − 1.")
    columns["scale"] = number("Divided by", format="%.4f", help="The square root, including ε.")
    return found.sets[list(columns)], columns
