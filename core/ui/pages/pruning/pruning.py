"""Pruning: accuracy against the remaining weights, where the zeros are, which inputs remain, and what is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st
from pandas import DataFrame, Series

from core.analysis import compression as analysis
from core.analysis import findings, metrics
from core.analysis.findings import Finding
from core.analysis.statistics import leading_verdict, quoted
from core.charts import compression as charts
from core.charts.parts import palette
from core.choices.pruning import NoPruning, PruningChoice
from core.comparison import Comparison
from core.experiments.pruning import EXPERIMENTS, PAGE, START
from core.settings import RunSettings
from core.ui import errors
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.pages.pruning import masks
from core.ui.results import compression, overview, skeleton, view
from core.ui.results.compression import number
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.overview import seed_choice
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import in_words

__all__ = ["PAGE", "START", "draw", "with_dense"]

DENSE = "dense"
TOLERANCE = 0.01
"""How much of the metric a network may lose to count as no worse: in accuracy, in nats, or in shares of the target's standard deviation."""
PATIENCE = 2.0

WORDS = Skeleton(
    PAGE,
    "Every variant is trained with every seed, from the same start; the results appear here.",
    heading="Pruning",
    look="""
A network is trained, its least important weights are set to **zero for good**, and the other weights train on. Read the first chart from
left to right: the fewer weights remain, the more accuracy is lost, and a better **criterion** stays near the dashed line of the dense
network for longer. A criterion is useful only where it beats **random**.
""",
    waits=True,
    path="pages/pruning.py",
    experiments=EXPERIMENTS,
)

TERMS = (
    "magnitude: prunes the smallest |w| of the whole network, or the same share of each layer. gradient: the smallest |w g|, which is "
    "how much "
    "the loss would change to first order. movement: weights that training pushes towards zero. SNIP: |w g| before the first update. "
    "units: whole hidden units, so that the network really becomes smaller. Lottery ticket: after pruning, the remaining weights return "
    "to their "
    "initial values."
)


def with_dense(asked: Comparison) -> Comparison:
    """The comparison with its unpruned networks, which serve as references."""
    return compression.with_references(asked, {DENSE: _dense})


def _dense(run: RunSettings) -> RunSettings | None:
    return compression.changed(run, pruning=NoPruning()) if isinstance(run.pruning, PruningChoice) else None


def draw(results: Results) -> None:
    """The whole page below its form."""
    if not skeleton.opened(WORDS, results):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = compression.metric_choice(PAGE, results)
        level = _level(results)
        seed = seed_choice(f"{PAGE}.shown_seed", results)
    points = results.once(("points", metric), lambda: points_of(results, metric), PATIENCE)
    _verdict(results, points, metric, level)
    grid = st.grid(2, min_column_width=WIDTH, gap="small")
    with grid.cell():
        _trade_off(results, points, metric)
    with grid.cell():
        _layers(results, points, level)
    _tabs(results, points, metric, level, seed)
    _table(results, points, metric)
    skeleton.finish(PAGE, results, view.View(metric))


def _level(results: Results) -> float:
    """The sparsity for which masks, curves and timing are shown."""
    runs = results.comparison.settings.values()
    levels = sorted({run.pruning.sparsity for run in runs if isinstance(run.pruning, PruningChoice)})
    if not levels:
        return 0.0
    chosen = segmented_control(
        "Details for",
        levels,
        levels[len(levels) // 2],
        format_func=lambda level: f"{level:.4g}",
        key=f"{PAGE}.level",
        help="Sparsity (the pruned share of weights or units) for which the masks, the curves and the timing below are shown.",
    )
    return float(chosen)


def points_of(results: Results, metric: str) -> DataFrame:
    """One row for each variant: name, variant (its family), target, left, mean, low, high, n, diverged, counterpart (the same network
    unpruned), panel (the family's counterpart, or its own name if unpruned), difference to the counterpart and its interval.
    """
    comparison = results.comparison
    against, runs = comparison.counterparts("pruning"), comparison.settings
    history = results.as_compared(results.history)
    table = analysis.joined(analysis.outcomes(history, results.runs, metric, against), analysis.weights_left(history))
    families = families_of(comparison)
    targets = {name: getattr(run.pruning, "sparsity", 0.0) for name, run in runs.items()}
    table = table.rename(columns={"variant": "name"})
    return table.assign(
        variant=table["name"].map(families),
        family=table["name"].map(families),
        target=table["name"].map(targets).astype(float),
        pruned=[isinstance(runs[name].pruning, PruningChoice) for name in table["name"]],
        panel=table["counterpart"].where(table["counterpart"] != "", table["name"]),
    )


def families_of(comparison: Comparison) -> dict[str, str]:
    """Variant -> its family: the variants that differ only in their sparsity."""
    return comparison.families("pruning.sparsity", nameless="sparsity")


def _families(results: Results) -> list[str]:
    families, runs = families_of(results.comparison), results.comparison.settings
    return list(dict.fromkeys(families[name] for name, run in runs.items() if isinstance(run.pruning, PruningChoice)))


def _verdict(results: Results, points: DataFrame, metric: str, level: float) -> None:
    """The best variant at the chosen sparsity against the second best, and how far each family can be pruned without loss."""
    names = list(points.loc[points["pruned"] & (points["target"] == level), "name"])
    if results.history["variant"].isin(names).any():
        overview.finding(
            results, ("cut", metric, level), lambda: [_cut(results, names, metric, level)], lambda: _leading(results, names, metric)
        )
    pruned = points[points["pruned"] & points["difference"].notna()]
    several = pruned["counterpart"].nunique() > 1
    for tolerance, alike in pruned.groupby(_tolerance(pruned, results.runs, metric)):
        best = analysis.furthest(alike, float(tolerance), higher_is_better=metrics.higher_is_better(metric))
        lost = sorted(set(alike["family"]) - set(best["family"]))
        compression.note(_free(best, lost, metrics.name(metric), float(tolerance), each=several))


def _cut(results: Results, names: list[str], metric: str, level: float) -> Finding | None:
    values = findings.by_seed(results.history, results.runs, metric)
    return findings.cut_to(values, metric, level, names, results.comparison.counterparts("pruning"))


def _leading(results: Results, names: list[str], metric: str) -> None:
    history, runs = (frame[frame["variant"].isin(names)] for frame in (results.history, results.runs))
    said = results.once(("verdict", metric, *names), lambda: leading_verdict(history, runs, metric, reached=results.reached), PATIENCE)
    st.markdown(f"#### {escaped(said)}", help="Differences are paired by seed; the range in brackets is their 95 % interval.")


def _tolerance(points: DataFrame, runs: DataFrame, metric: str) -> Series:
    """How much each variant may lose of a metric; for a metric in the target's unit, a share of the target's standard deviation."""
    if metrics.METRICS[metric].unit != metrics.OF_TARGET:
        return Series(TOLERANCE, index=points.index)
    return TOLERANCE * points["name"].map(analysis.target_spreads(runs)).astype(float)


def _free(best: DataFrame, lost: list[str], name: str, tolerance: float = TOLERANCE, *, each: bool = False) -> str:
    """How few weights each family needs, and which families cannot lose any; with `each`, against its own dense network."""
    said = []
    for left, group in best.assign(left=best["left"].round(2)).groupby("left"):
        said.append(f"{left:.0%} of the weights ({_names(group['family'])})")
    dense = f"its own dense network's {name}" if each else f"the dense network's {name}"
    near = f"within {tolerance:.3g} of {dense}"
    enough = f"{near[0].upper()}{near[1:]}, on average, with {', '.join(said)}. " if said else ""
    return enough + (f"No tried sparsity stays {near}: {_names(lost)}." if lost else "")


def _names(families: Iterable[str]) -> str:
    return ", ".join(map(quoted, families))


def _trade_off(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Against the remaining weights", anchor=False, help=TERMS)
    pruned = points[points["pruned"] & points["mean"].notna() & (points["left"] > 0)]
    chart(
        results,
        f"{PAGE}.trade_off",
        charts.trade_off,
        pruned,
        points[~points["pruned"] & points["mean"].notna()],
        about=metric,
        variants=_families(results),
        stretch=True,
        patience=PATIENCE,
        x="left",
        x_title="weights left (logarithmic)",
        y_title=metrics.title(metric, view.loss_unit(results)),
        reverse=True,
        width=WIDTH,
    )
    st.caption(
        "Means over seeds with 95 % bands. The weights left are counted after pruning: pruning a unit removes its weights on both sides."
    )


def _layers(results: Results, points: DataFrame, level: float) -> None:
    st.subheader("Where the zeros are", anchor=False)
    chart(
        results,
        f"{PAGE}.layers",
        charts.squares,
        lambda: cells_of(results, points, level),
        about=level,
        variants=[f"sparsity {level:.4g}"],
        patience=PATIENCE,
        x="layer",
        y="family",
        value="sparsity",
        x_title="layer",
        y_title="",
        value_title="zeros at the end (fraction of the layer)",
        fraction=True,
        width=WIDTH,
        labels=130,
    )
    st.caption("Global criteria prune more in large layers. In a layer near 1, hardly any signal gets through.")


def cells_of(results: Results, points: DataFrame, level: float) -> DataFrame:
    """Share of zeros at one sparsity: variant (with the sparsity in its name), family, layer, sparsity."""
    table = analysis.densities(results.as_compared(results.layers)).rename(columns={"variant": "name"})
    described = points.loc[points["pruned"] & (points["target"] == level), ["name", "family"]]
    table = described.merge(table, on="name").assign(variant=f"sparsity {level:.4g}")
    return table.assign(sparsity=1 - table["density"])[["variant", "family", "layer", "sparsity"]]


def _tabs(results: Results, points: DataFrame, metric: str, level: float, seed: int) -> None:
    shown = points[~points["pruned"] | (points["target"] == level)]
    names = list(shown.loc[shown["pruned"], "name"])
    pictures, training, timing = st.tabs(
        ["Masks", "Over training", "Smaller for real"], key=f"{PAGE}.tab", on_change="rerun", bind="query-params"
    )
    if pictures.open:
        with pictures, errors.shown("The masks cannot be drawn"):
            masks.draw(PAGE, results, names, level, seed)
    if training.open:
        with training:
            _training(results, shown, metric)
    if timing.open:
        with timing, errors.shown("The networks cannot be timed"):
            masks.smaller(PAGE, results, level, seed)


def _training(results: Results, shown: DataFrame, metric: str) -> None:
    st.caption(
        "The curve falls at the pruning; its rise afterwards shows the effect of further training. A ticket starts again, so its line is "
        "interrupted."
    )
    colours = palette.with_references(_families(results), list(shown.loc[~shown["pruned"], "name"]))
    of_each = zip(shown["name"], shown["family"].where(shown["pruned"], shown["name"]), strict=True)
    chart(
        results,
        f"{PAGE}.over_training",
        charts.over_training,
        results.course,
        results.reached,
        variants=list(shown["name"]),
        colours=tuple((name, colours[family]) for name, family in of_each),
        stretch=True,
        patience=PATIENCE,
        metric=metric,
        with_train=False,
        with_seeds=False,
        focus=False,
        width=2 * WIDTH,
    )
    _tickets(results, shown, metric)


def _tickets(results: Results, shown: DataFrame, metric: str) -> None:
    found = results.once(("tickets", metric), lambda: analysis.tickets(results.course, metric), PATIENCE)
    found = found[found["variant"].isin(shown["name"])]
    if found.empty:
        return
    st.markdown("**Result of each ticket before it was pruned further**")
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "epoch": number("After epoch", "%d", "The pruning after this epoch rewound the weights."),
        "left": number("Weights left", "percent", "Share of nonzero weights before that pruning."),
        "n": number("Seeds", "%d", "Number of seeds with a value there."),
        "mean": number(in_words(metric), "%.4g", "Mean over seeds, for the trained network before rewinding."),
        "half": number("±", "%.2g", "Half of the 95 % interval (t distribution over seeds)."),
    }
    compression.shown_table(f"{PAGE}.tickets", found, columns, "Every ticket on the way: weights left and result")


def _table(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Exact values", anchor=False)
    work = results.once("work", lambda: analysis.work(results.as_compared(results.layers), compression.multiply_adds(results)), PATIENCE)
    runs = analysis.at_ends(results.runs, ["parameters", "nonzero", *metrics.TESTS])
    frame = analysis.with_halves(points).drop(columns="variant").rename(columns={"name": "variant"})
    frame = analysis.with_ratio(analysis.joined(frame, runs, work))
    told = "Every variant: its quality, and its difference to its own dense network"
    compression.shown_table(f"{PAGE}.table", compression.with_counterparts(frame), _of_quality(metric, view.loss_unit(results)), told)
    compression.shown_table(f"{PAGE}.costs", frame, _of_size(), "Every variant: remaining weights and their cost")


def _of_quality(metric: str, loss: str) -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        **compression.quality(metric, loss, "To dense", "the same network without pruning"),
    }


def _of_size() -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "left": number("Weights left", "percent", "Share of the weights (biases and norms not counted) that are not zero."),
        "parameters": number("Parameters", "localized", "Parameters of the network, including biases and norms."),
        "nonzero": number("Non-zero", "localized", "Number of nonzero parameters."),
        "compression": number("Compression", "%.2f×", "Parameters divided by non-zero parameters."),
        "multiply_adds": number("Multiply-adds", "localized", "Multiplications (each with an addition) for one example, without pruning."),
        "remaining": number("Remaining", "localized", "Multiply-adds with nonzero weights only."),
        "speed_up": number(
            "Theoretical speed-up",
            "%.2f×",
            "Multiply-adds divided by remaining: an upper bound, reached only if skipping zeros costs nothing.",
        ),
    }
