"""Activation functions and their derivatives, one by one or in one picture, and their values at a chosen x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from pandas import DataFrame
from pydantic import TypeAdapter, ValidationError

from core.charts import activation_functions as charts
from core.charts.parts import palette
from core.choices.activations import Activation, ActivationChoice
from core.choices.models import Mlp
from core.choices.words.writing import write
from core.settings import SettingsError, explain
from core.ui import errors
from core.ui.form import fields
from core.ui.form.picking import segmented_control
from core.ui.form.values import parse
from core.ui.markdown import escaped
from core.ui.results import table
from core.ui.results.drawing import WIDTH, figure

PAGE = "gradient_flow"

EACH, TOGETHER = "each by itself", "over each other"
ORDER = ("sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softplus", "identity")
PANEL_WIDTH = 160
NAMES = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
}


class Function(NamedTuple):
    """An activation with its name on the page."""

    name: str
    activation: ActivationChoice


def draw() -> None:
    """The controls, the pictures, the table and the notes."""
    st.caption(
        "What to look at: the derivative (dashed). The backward pass multiplies by it once per layer: a sigmoid's is at most ¼, so ten "
        "layers with norm-preserving weights leave at most (¼)¹⁰ ≈ 10⁻⁶ of the gradient. ReLU passes the gradient unchanged or not at "
        "all. If the "
        "derivative is 0 on every example, the unit gets no gradient: it is dead."
    )
    functions, x, shown = _controls()
    with errors.shown("The functions cannot be drawn"), st.spinner("Differentiating"):
        drawn = _drawn(tuple(function.activation for function in functions), x)
        curves, at = (frame.assign(variant=frame["place"].map(dict(enumerate(_names(functions))))) for frame in drawn[:2])
        if functions and shown == EACH:
            _each(functions, curves, at)
        elif functions:
            _together(functions, curves, at)
        _table(functions, at, drawn[2], x)
        _notes()


def _controls() -> tuple[list[Function], float, str]:
    kinds = [*ORDER, *(kind for kind in fields.kinds(Mlp, "activation") if kind not in ORDER)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        x = st.slider(
            "x",
            -charts.SIDE,
            charts.SIDE,
            1.0,
            0.05,
            key=f"{PAGE}.x_at",
            bind="query-params",
            width=300,
            help="Position of the dotted line.",
        )
        key = f"{PAGE}.graphs"
        shown = segmented_control("Graphs", (EACH, TOGETHER), EACH, key=key)
    texts = st.multiselect(
        "Functions",
        kinds,
        default=kinds,
        key=f"{PAGE}.functions",
        accept_new_options=True,
        filter_mode="contains",
        bind="query-params",
        placeholder="Choose, or type, for example: leaky_relu negative_slope=0.2",
        help="Choose kinds, or type one with its settings: `elu alpha=2`. Settings that are not written have their defaults.",
    )
    return _read(texts), float(x), shown


def _read(texts: list[str]) -> list[Function]:
    """The functions that the texts name; unreadable texts are reported and left out."""
    found: dict[str, Function] = {}
    problems: list[str] = []
    for text in texts:
        try:
            activation = read(text)
            found.setdefault(write(activation), Function(name_of(activation), activation))
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        st.error(errors.as_list(problems), title="Not an activation function")
    if not found:
        st.info("Choose at least one function.")
    return list(found.values())


def read(text: str) -> ActivationChoice:
    """The activation that a text writes. Raises SettingsError."""
    given = parse("model.activation", text)
    try:
        activation: ActivationChoice = TypeAdapter(Activation).validate_python(given)
    except ValidationError as error:
        raise SettingsError(f"{text}: {explain(error, given)}") from error
    return activation


def name_of(activation: ActivationChoice) -> str:
    """`Leaky ReLU`, followed by the settings that are not at their defaults: `Leaky ReLU negative_slope=0.2`."""
    changed = {name: value for name, value in activation.identity().items() if name != "kind"}
    name = NAMES.get(activation.kind) or activation.kind.capitalize()
    return f"{name} {write(changed)}" if changed else name


def _names(functions: list[Function]) -> list[str]:
    return [function.name for function in functions]


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs={ActivationChoice: lambda activation: write(activation)})
def _drawn(activations: tuple[ActivationChoice, ...], x: float) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Curves, values at x (both with `place`, the function's number), and one row of facts for each function."""
    from core.labs.networks import activation_functions as lab  # which imports torch

    if not activations:
        return DataFrame({"place": []}), DataFrame({"place": []}), DataFrame()
    curves = [lab.curve(activation).assign(place=index) for index, activation in enumerate(activations)]
    points = []
    for index, activation in enumerate(activations):
        value, slope = lab.values(activation, np.array([x]))
        points.append({"place": index, "x": x, "value": float(value[0]), "slope": float(slope[0])})
    known = [lab.facts(activation) for activation in activations]
    facts = DataFrame([fact._asdict() | {"smooth": fact.smooth} for fact in known])
    return pd.concat(curves, ignore_index=True), DataFrame(points), facts


def _each(functions: list[Function], curves: DataFrame, at: DataFrame) -> None:
    st.caption("Blue: f(x). Orange, dashed: f′(x). All axes are the same.")
    grid = st.grid(5, min_column_width=PANEL_WIDTH, gap="small")
    for index, function in enumerate(functions):
        value, slope = function.activation.formula, function.activation.derivative
        mine = [frame[frame["place"] == index][["x", "value", "slope"]] for frame in (curves, at)]
        with grid.cell():
            st.markdown(f"**{escaped(function.name)}**")
            figure(f"{PAGE}.function.{index}", charts.single(*mine, name=function.name, width=PANEL_WIDTH), stretch=True)
            st.markdown(f"$\\footnotesize f = {value}$  \n$\\footnotesize f' = {slope}$")


def _together(functions: list[Function], curves: DataFrame, at: DataFrame) -> None:
    names = _names(functions)
    shown, rest = names[: len(palette.COLOURS)], names[len(palette.COLOURS) :]
    if rest:
        st.caption(
            f"Each function has its own colour, so at most {len(shown)} are drawn. Not drawn: {escaped(', '.join(rest))}. Remove others "
            "to see them."
        )
    inside = [frame[frame["variant"].isin(shown)][["variant", "x", "value", "slope"]] for frame in (curves, at)]
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    for column, heading in (("value", "Functions"), ("slope", "Derivatives")):
        with grid.cell():
            st.markdown(f"**{heading}**")
            figure(f"{PAGE}.functions.{column}", charts.several(*inside, variants=shown, column=column), stretch=True)


def _table(functions: list[Function], at: DataFrame, facts: DataFrame, x: float) -> None:
    """Exact values and facts, one row for each function."""
    if not functions:
        return
    kinks = [_interval(row) for row in facts.to_dict("records")]
    shown = DataFrame({"function": _names(functions), "value": at["value"], "slope": at["slope"], "largest": facts["largest"]})
    shown = shown.assign(at_0=["yes" if smooth else "no" for smooth in facts["smooth"]], subgradients=kinks, taken=facts["taken"])
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "function": st.column_config.TextColumn("Function", pinned=True),
        "value": number(f"f({x:g})", format="%.6f"),
        "slope": number(f"f′({x:g})", format="%.6f"),
        "largest": number("Largest |f′|", format="%.4f", help="Largest value for x from −10 to 10."),
        "at_0": st.column_config.TextColumn("Differentiable at 0"),
        "subgradients": st.column_config.TextColumn(
            "Slopes at 0", help="Slope from the left and from the right; every value between them is a subgradient."
        ),
        "taken": number("PyTorch takes", format="%.4g", help="The value that autograd returns at exactly 0."),
    }
    alt = "Activation functions: value and slope at x, largest slope, and differentiability at 0"
    st.dataframe(shown, hide_index=True, key=f"{PAGE}.functions.table", column_config=columns, placeholder="–", alt=alt)
    exact = shown.rename(columns={"value": "f", "slope": "derivative"}).assign(x=x)
    table.csv_button(f"{PAGE}.download.functions", "activation_functions.csv", exact)


def _interval(row: Mapping[Any, Any]) -> str:
    """`[0, 1]`, the slopes on both sides of a corner in ascending order; a single slope if there is no corner."""
    low, high = sorted((row["left"], row["right"]))
    return f"{row['taken']:.4g}" if row["smooth"] else f"[{low:.4g}, {high:.4g}]"


def _notes() -> None:
    st.markdown(
        "**Is ReLU differentiable?** Everywhere except at 0. There the slope is 0 from the left and 1 from the right, and every number in "
        "[0, 1] is a subgradient; PyTorch uses 0. A pre-activation is almost never exactly 0 (except for an example on which "
        "the whole layer before is 0, while the biases are 0 too), so the choice rarely matters.\n\n"
        "**For a vector**, an activation works on each number separately, so its Jacobian is diagonal: for the sigmoid "
        "$\\partial\\sigma(x) / \\partial x = \\operatorname{diag}\\big(\\sigma(x_i)(1 - \\sigma(x_i))\\big)$, and the backward pass "
        "multiplies number by number."
    )
