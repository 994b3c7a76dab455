"""The lab on depth: gradients and activations of shallow and deep networks at their initial weights."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.shown import layerwise, over_seeds
from core.charts import gradient_flow as charts
from core.choices.models import Mlp
from core.comparison import Comparison
from core.runs.computing.executors import on_one_thread
from core.settings import RunSettings, SettingsError
from core.ui import errors
from core.ui.form import varied
from core.ui.form.picking import segmented_control
from core.ui.form.values import parse
from core.ui.markdown import escaped
from core.ui.results import table
from core.ui.results.drawing import WIDTH, figure

PAGE = "gradient_flow"

VARIANTS, HERE = "the variants", "chosen here"
GRADIENTS = {"the layer's outputs": "signal", "its weights and biases": "weights"}
DEPTHS, DEEPEST = (2, 4, 8, 16, 32, 64), (8, 16, 32, 64)
SEEDS = (3, 5, 10)
PARTS = {
    "activation": ("Activations", ["sigmoid", "tanh", "relu"]),
    "init": ("Inits", ["he"]),
    "normalization": ("Norms", ["none", "batch"]),
}
SKIPS = {"without skip": False, "with skip": True}
RATIO = "gradient: first layer / last layer"


class Line(NamedTuple):
    """One line in the pictures."""

    name: str
    run: RunSettings


class DepthSettings(NamedTuple):
    """The values of the controls."""

    of: str  # a column of `core.labs.networks.gradient_flow.measure`
    depths: tuple[int, ...]
    seeds: int


def draw(comparison: Comparison) -> None:
    """The controls and the pictures."""
    st.caption(
        "What to look at: a straight line is a constant factor per layer. Above 1, gradients explode with depth; below 1, they vanish. "
        "A sigmoid's factor is at most ¼ times the size of the weights. Orthogonal weights preserve the norms in a linear network "
        "exactly (Saxe "
        "et al. 2014, arXiv:1312.6120). Batch norm keeps the size of activations, and makes gradients grow towards the input (Yang et "
        "al. 2019, "
        "arXiv:1902.08129); skip connections weaken this. Nothing is trained here: all networks have their initial weights, on the first "
        "128 training examples."
    )
    with errors.shown("The networks cannot be compared by depth"):
        asked, choosing = _asked()
        lines = crossed(comparison.base, *_parts(comparison.base)) if choosing else variants(comparison)
        names = [line.name for line in lines]
        found = _found(_distinct(lines), asked)
        if len(found):
            _pictures(found, names, asked)
            _tables(found)


def _asked() -> tuple[DepthSettings, bool]:
    """The values of the controls, and whether the lines are chosen here."""
    about = "The variants of the sidebar's comparison, each at every depth; or values crossed here, with the sidebar's other settings."
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        lines = _choice("Lines", (VARIANTS, HERE), VARIANTS, "lines", about)
        of = _choice("Gradient of", list(GRADIENTS), "the layer's outputs", "gradient_of", OF_HELP)
        deepest = _choice(
            "Deepest", DEEPEST, 32, "deepest", "Number of hidden layers in the deepest network, each as wide as the first one."
        )
        seeds = _choice("Initial weights", SEEDS, 3, "depth_seeds", "Number of seeds, from the first seed on.")
    depths = tuple(depth for depth in DEPTHS if depth <= deepest)
    return DepthSettings(GRADIENTS[of], depths, seeds), lines == HERE


OF_HELP = (
    "The layer's outputs: dL/dh, which the backward pass carries from layer to layer. Its weights and biases: the optimizer's gradient, "
    "dL/dW = δ hᵀ, in which the sizes of the activations h and of the backward signal δ can compensate for each other."
)


def _choice(label: str, offered: Any, begin: Any, name: str, about: str) -> Any:
    key = f"{PAGE}.{name}"
    return segmented_control(label, offered, begin, key=key, help=about)


def variants(comparison: Comparison) -> list[Line]:
    """The comparison's variants, in order."""
    first = dict(reversed(comparison.members))
    return [Line(name, first[name]) for name in comparison.names]


def _parts(base: RunSettings) -> tuple[dict[str, list[str]], list[bool]]:
    texts: dict[str, list[str]] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, (label, begin) in PARTS.items():
            offered = list(dict.fromkeys([*begin, *varied.offered_values(f"model.{name}", base)]))
            more: dict[str, Any] = {"accept_new_options": True, "filter_mode": "contains", "bind": "query-params", "width": 260}
            texts[name] = st.multiselect(label, offered, default=begin, key=f"{PAGE}.depth.{name}", placeholder="Choose or type", **more)
        skips = st.pills(
            "Skip connections",
            list(SKIPS),
            selection_mode="multi",
            default=["without skip"],
            key=f"{PAGE}.depth.skip",
            bind="query-params",
        )
    return texts, [SKIPS[skip] for skip in skips]


def crossed(base: RunSettings, texts: dict[str, list[str]], skips: list[bool]) -> list[Line]:
    """Every combination of the values, named by the settings with several values. Raises SettingsError."""
    if not isinstance(base.model, Mlp):
        raise SettingsError(f"model.kind: {base.model.kind} has no depth to vary here; choose mlp in the sidebar")
    if empty := [PARTS[name][0] for name, values in texts.items() if not values] + ([] if skips else ["Skip connections"]):
        raise SettingsError(f"{', '.join(empty)}: choose at least one")
    axes: dict[str, list[Any]] = {**texts, "skip": [str(skip).lower() for skip in skips]}
    lines = []
    for values in product(*axes.values()):
        given = {name: parse(f"model.{name}", text, base) for name, text in zip(axes, values, strict=True)}
        named = [_named(name, text) for name, text in zip(axes, values, strict=True) if len(axes[name]) > 1]
        comparison = Comparison.load({"base": base, "variants": [{"name": "one", **{f"model.{name}": it for name, it in given.items()}}]})
        lines.append(Line(", ".join(named) or values[0], comparison.runs()[0]))
    return lines


def _named(name: str, text: str) -> str:
    if name == "skip":
        return "skip" if text == "true" else "no skip"
    if name == "normalization":
        return "no norm" if text == "none" else f"{text} norm"
    return text


def _distinct(lines: list[Line]) -> list[Line]:
    """The lines whose networks differ before training, at most 8; the page says which ones are left out."""
    from core.labs.networks.gradient_flow import deepened  # which imports torch

    kept: dict[str, Line] = {}
    problems: list[str] = []
    for line in lines:
        try:
            known = kept.setdefault(deepened(line.run, 2).key, line)
        except SettingsError as error:
            problems.append(f"{line.name}: {error}")
            continue
        if known is not line:
            problems.append(f"{line.name}: before training it is the same network as {known.name}")
    if problems:
        st.caption("Not drawn:  \n" + errors.as_list(problems))
    return list(kept.values())


def _found(lines: list[Line], asked: DepthSettings) -> DataFrame:
    """The lab's results for all lines, with the line's name as `variant`."""
    with st.spinner("Building the networks"):
        parts = [_measured(line.run, asked.depths, asked.seeds).assign(variant=line.name) for line in lines]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame()


@st.cache_data(show_spinner=False, max_entries=100, hash_funcs={RunSettings: lambda run: run.key})
def _measured(run: RunSettings, depths: tuple[int, ...], seeds: int) -> DataFrame:
    from core.labs.networks import gradient_flow  # which imports torch

    return on_one_thread(gradient_flow.measure, run, depths, seeds)


def _pictures(found: DataFrame, names: list[str], asked: DepthSettings) -> None:
    from core.labs.networks.gradient_flow import ends  # which imports torch

    of, of_ends = asked.of, ends(found)
    options: dict[str, Any] = {"variants": names, "width": WIDTH}
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    shown = [
        ("First layer over last", f"{of}_ratio", RATIO, 1.0, "Above 1 the gradient grows towards the input, below 1 it shrinks."),
        ("First layer", f"first_{of}", "gradient norm of the first layer", None, "Norm of the gradient in the first layer."),
        (
            "Activations",
            "spread",
            "spread of the last layer (standard deviation)",
            None,
            "Standard deviation of the last hidden layer's outputs.",
        ),
    ]
    for heading, column, title, level, about in shown:
        with grid.cell():
            st.markdown(f"**{heading}**")
            st.caption(about)
            figure(f"{PAGE}.depth.{column}", charts.by_depth(of_ends, column=column, title=title, level=level, **options), stretch=True)
    with grid.cell():
        _profile(found, of, asked.depths, options)
    st.caption(_factors(of_ends, names, of, asked.depths))


def _profile(found: DataFrame, of: str, depths: tuple[int, ...], options: dict[str, Any]) -> None:
    """The gradient from layer to layer in networks of one depth."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Layer by layer** at depth", width="content")
        key = f"{PAGE}.depth.at"
        depth = st.selectbox("Depth", depths, index=len(depths) - 2, key=key, bind="query-params", label_visibility="collapsed", width=90)
    rows = found[found["depth"] == depth].rename(columns={"layer": "place"})
    rows = rows.assign(layer="hidden" + rows["place"].astype(str))
    made = charts.by_layer(rows, column=of, title="gradient norm", along="hidden layer, from the input on", **options)
    figure(f"{PAGE}.depth.profile", made, stretch=True)


def _factors(of_ends: DataFrame, names: list[str], of: str, depths: tuple[int, ...]) -> str:
    """The factor by which the gradient changes per layer, measured between the two deepest networks."""
    low, high = depths[-2:]
    factors = layerwise.factors(of_ends, f"{of}_ratio", low, high)
    if not factors:
        return ""
    said = [f"{escaped(name)} {factors[name]:.2f}" for name in names if name in factors]
    return f"First over last, factor per layer between depths {low} and {high}: {' · '.join(said)}."


def _tables(found: DataFrame) -> None:
    from core.labs.networks.gradient_flow import ends  # which imports torch

    exact = ends(found)
    keys = ["variant", "depth"]
    shown = over_seeds.seed_medians(exact, keys)
    scientific = {name: st.column_config.NumberColumn(format="%.3e") for name in shown.columns if name not in keys}
    with st.expander("Exact values", type="compact"):
        st.caption("Medians over the seeds. The files have one row per seed, for the first and last layer, and for every layer.")
        alt = "Gradients of the first and last layer and the spread of the last, by variant and depth"
        st.dataframe(shown, hide_index=True, key=f"{PAGE}.depth.table", column_config=scientific, placeholder="–", alt=alt)
        with st.container(horizontal=True, gap="small"):
            table.csv_button(f"{PAGE}.download.depth", "depth.csv", exact)
            table.csv_button(f"{PAGE}.download.depth_layers", "depth_layers.csv", found)
