"""The page of normalization: accuracy over batch sizes, activations by layer; the two labs are in `norm_axes` and `norm_modes`."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.analysis import changes
from core.analysis.statistics import At
from core.comparison import Comparison, value_at
from core.experiments.batch_sizes import rate, sizes
from core.experiments.normalization import PAGE, START, USUAL
from core.ui import errors
from core.ui.form import varied
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.pages.normalization import activations as norm_activations
from core.ui.pages.normalization import axes
from core.ui.pages.normalization import modes as norm_modes
from core.ui.results import live, parts, sensitivity, skeleton, table
from core.ui.results.live import Results
from core.ui.results.sensitivity import Sweep, SweepResults, places
from core.ui.results.skeleton import Skeleton

__all__ = ["PAGE", "START", "draw"]

HEADING = "Normalization"
PATH = "training.batch_size"

BATCHES, AXES, MODES, ACTIVATIONS = "Batch sizes", "Axes", "Train and eval mode", "Activations"
SCALED, FIXED = "lr × k", "lr fixed"
BATCH_WORDS = Skeleton(
    PAGE,
    "One click trains every normalization with every batch size and several seeds.",
    note="Batch norm needs two examples in every batch: a fully connected network refuses a batch of 1, and a batch size that leaves 1 "
    "example for the last batch. The first comparison of this page has 1,024 training examples, which all its batch sizes divide.",
)
RULE_HELP = (
    "k is another batch size divided by this one. lr × k: an epoch of few large updates goes as far as one of many small updates, so that "
    "the remaining differences come from the normalization. lr fixed: all use the rate in the sidebar; then large batches learn "
    "little."
)


def draw(comparison: Comparison) -> None:
    """The four parts of the page; only the open part is drawn."""
    st.title(HEADING, anchor=False)
    drawers = {
        BATCHES: lambda: _draw_batches(comparison),
        AXES: lambda: axes.draw(PAGE),
        MODES: lambda: _draw_modes(comparison),
        ACTIVATIONS: lambda: _draw_activations(comparison),
    }
    parts.tabs(f"{PAGE}.part", drawers)


@errors.shown("The activations cannot be shown with these settings")
def _draw_activations(comparison: Comparison) -> None:
    norm_activations.draw(PAGE, comparison)


@errors.shown("The batch sizes cannot be compared with these settings")
def _draw_batches(comparison: Comparison) -> None:
    if len(sizes(comparison)) < 2:
        st.info("In the sidebar, let training.batch_size vary over at least two sizes, and model.normalization too.")
        return
    st.markdown(
        "`y = (x − mean) / √(var + ε) · γ + β`: the outputs of each hidden layer are brought to one scale. **What to look at:** batch norm "
        "computes mean and variance from the examples of the batch. With two examples these are poor estimates: every unit's output "
        "becomes +1 for one of them and −1 for the other, whatever it was. Layer, group and RMS norm use one example at a time, and "
        "do not depend on the batch. On the right, all curves fall together, because such large batches leave few updates in the same "
        "number of "
        "epochs "
        "([Ioffe & Szegedy 2015](https://arxiv.org/abs/1502.03167), [Ba et al. 2016](https://arxiv.org/abs/1607.06450), [Wu & He "
        "2018](https://arxiv.org/abs/1803.08494), [Zhang & Sennrich 2019](https://arxiv.org/abs/1910.07467))."
    )
    asked = ruled(comparison)
    live.show(asked, lambda results: draw_batches(results, comparison))


def ruled(comparison: Comparison) -> Comparison:
    """Draws the rule for the learning rate, and returns the comparison under it, or unchanged if there is no rate."""
    numbers = sizes(comparison)
    if not numbers or value_at(comparison.base, "optimizer.lr") is None:
        return comparison
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        rule = segmented_control("For other batches", (SCALED, FIXED), SCALED, key=f"{PAGE}.rule", help=RULE_HELP)
        texts = [f"{number}" for number in numbers]
        begin = texts.index(f"{USUAL}") if USUAL in numbers else len(texts) // 2
        reference = st.selectbox(
            "The learning rate in the sidebar is for batches of",
            texts,
            index=begin,
            key=f"{PAGE}.reference",
            bind="query-params",
            width=300,
            disabled=rule == FIXED,
        )
    return comparison if rule == FIXED else scaled(comparison, int(reference))


def scaled(comparison: Comparison, reference: int) -> Comparison:
    """The same variants, with each learning rate multiplied by its batch size over `reference`; full batches keep their rate.

    Raises SettingsError for settings that do not go together.
    """
    variants = []
    for name, run in comparison.settings.items():
        own = dict(varied.differences(comparison.base, run))
        lr, size = value_at(run, "optimizer.lr"), run.training.batch_size
        if lr is not None and isinstance(size, int):
            own["optimizer.lr"] = rate(float(lr), size / reference, 1.0)
        variants.append({"name": name, **own})
    return Comparison.load({"base": comparison.base, "variants": variants, "seeds": comparison.seeds})


def draw_batches(results: Results, comparison: Comparison) -> None:
    """The final metric against the batch size, one curve for each normalization."""
    if not skeleton.opened(BATCH_WORDS, results):
        return
    sweep = Sweep("batch size", "normalization", places(comparison, PATH), untrained=False, tuned=False)
    sensitivity.draw(PAGE, results, sweep, metric="val_accuracy", verdict=_verdict)


def _verdict(page: str, results: Results, sweep: Sweep, found: SweepResults, metric: str, at: At) -> None:
    """How much each normalization loses from one batch size to another, as a sentence and as exact values."""
    offered = [f"{place:g}" for place in sorted(sweep.places["place"].unique())]
    if len(offered) < 2:
        return
    usual = offered.index(f"{USUAL}") if f"{USUAL}" in offered else len(offered) - 1
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        before, after = (
            float(st.selectbox(label, offered, index=index, key=f"{page}.{key}", bind="query-params", width=150))
            for label, key, index in (("From batches of", "from", usual), ("to batches of", "to", 0))
        )
    name = ("changes", metric, at, before, after)
    told = results.once(name, lambda: changes.changes(found.values, before, after), sensitivity.PATIENCE)
    said = changes.in_words(told, before, after, place=sweep.name, metric=metric)
    so_far = "So far: " if results.growing else ""
    st.markdown(f"#### {escaped(so_far + said)}", help="Differences are paired by seed; the range in brackets is their 95 % interval.")
    with st.expander("Exact change of each normalization", type="compact"):
        number = st.column_config.NumberColumn
        columns: dict[str, Any] = {
            "curve": st.column_config.TextColumn("Normalization", pinned=True),
            "before": number(f"At {before:g}", format="%.4g", help="Mean over seeds."),
            "after": number(f"At {after:g}", format="%.4g", help="Mean over seeds."),
            "mean": number("Change", format="%.4g"),
            "low": number("95 % from", format="%.4g"),
            "high": number("to", format="%.4g"),
            "n": number("Seeds", help="Number of seeds with a value at both batch sizes."),
            "diverged": number("Diverged", help="Number of seeds that diverged at either batch size. They are left out of all means."),
        }
        alt = f"Change from a batch size of {before:g} to {after:g} by normalization"
        st.dataframe(told, key=f"{page}.changes", hide_index=True, column_config=columns, placeholder="–", alt=alt)
        table.csv_button(f"{page}.changes_csv", "changes.csv", told)


@errors.shown("The two modes cannot be compared with these settings")
def _draw_modes(comparison: Comparison) -> None:
    norm_modes.introduction()
    found = places(comparison, PATH)
    norm_modes.draw(PAGE, ruled(comparison), dict(zip(found["variant"], found["curve"], strict=True)))
