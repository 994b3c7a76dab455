"""Pruning: accuracy against what is left, where the zeros are, which inputs stay, and what is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st
from pandas import DataFrame, Series

from core.analysis import compression as analysis
from core.analysis import lessons, metrics
from core.analysis.lessons import Lesson
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
"""What may be lost of the metric for the network to count as no worse: accuracy, or nats, or shares of the target's spread."""
PATIENCE = 2.0

WORDS = Skeleton(
    PAGE,
    "Every variant is trained with every seed, from the same start; what came of it appears here.",
    heading="Pruning",
    look="""
A network is trained, its least important weights are set to **zero for good**, and the rest trains on. Read the first chart from left to
right: the fewer weights are left, the more accuracy is lost, and a better **criterion** stays near the dashed line of the dense network
for longer. A criterion is worth its trouble only where it beats **random**.
""",
    waits=True,
    path="pages/pruning.py",
    experiments=EXPERIMENTS,
)

TERMS = (
    "magnitude: the smallest |w| of the whole network go, or the same share of each layer. gradient: the smallest |w g|, which is how much "
    "the loss would change to first order. movement: weights that training pushes towards zero. SNIP: |w g| before the first update. "
    "units: whole hidden units, so that the network really becomes smaller. Lottery ticket: after pruning, the survivors go back to their "
    "first weights."
)


def with_dense(asked: Comparison) -> Comparison:
    """The comparison with its networks unpruned, which all else is held against."""
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
    """The sparsity at which masks, curves and timing look."""
    runs = results.comparison.settings.values()
    levels = sorted({run.pruning.sparsity for run in runs if isinstance(run.pruning, PruningChoice)})
    if not levels:
        return 0.0
    chosen = segmented_control(
        "Look closer at",
        levels,
        levels[len(levels) // 2],
        format_func=lambda level: f"{level:.4g}",
        key=f"{PAGE}.level",
        help="Sparsity (the share of weights or units that goes) at which the masks, the curves and the timing below are shown.",
    )
    return float(chosen)


def points_of(results: Results, metric: str) -> DataFrame:
    """A row a variant: name, variant (its family), target, left, mean, low, high, n, diverged, counterpart (the same network unpruned),
    panel (the counterpart of its family, or its own name where it is unpruned), difference to the counterpart and its interval.
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
    """Variant -> its family: those that differ in nothing but their sparsity."""
    return comparison.families("pruning.sparsity", nameless="sparsity")


def _families(results: Results) -> list[str]:
    families, runs = families_of(results.comparison), results.comparison.settings
    return list(dict.fromkeys(families[name] for name, run in runs.items() if isinstance(run.pruning, PruningChoice)))


def _verdict(results: Results, points: DataFrame, metric: str, level: float) -> None:
    """The best at the chosen sparsity against the runner-up, and how far each family goes at no cost."""
    names = list(points.loc[points["pruned"] & (points["target"] == level), "name"])
    if results.history["variant"].isin(names).any():
        overview.lesson(
            results, ("cut", metric, level), lambda: _cut(results, names, metric, level), lambda: _leading(results, names, metric)
        )
    pruned = points[points["pruned"] & points["difference"].notna()]
    several = pruned["counterpart"].nunique() > 1
    for tolerance, alike in pruned.groupby(_tolerance(pruned, results.runs, metric)):
        best = analysis.furthest(alike, float(tolerance), higher_is_better=metrics.higher_is_better(metric))
        lost = sorted(set(alike["family"]) - set(best["family"]))
        compression.note(_free(best, lost, metrics.name(metric), float(tolerance), each=several))


def _cut(results: Results, names: list[str], metric: str, level: float) -> Lesson | None:
    values = lessons.by_seed(results.history, results.runs, metric)
    return lessons.cut_to(values, metric, level, names, results.comparison.counterparts("pruning"))


def _leading(results: Results, names: list[str], metric: str) -> None:
    history, runs = (frame[frame["variant"].isin(names)] for frame in (results.history, results.runs))
    said = results.once(("verdict", metric, *names), lambda: leading_verdict(history, runs, metric, reached=results.reached), PATIENCE)
    st.markdown(f"#### {escaped(said)}", help="Differences are paired by seed; the range in brackets is their 95 % interval.")


def _tolerance(points: DataFrame, runs: DataFrame, metric: str) -> Series:
    """What each variant may lose of a metric; of one in the target's unit, as a share of the spread of the target in its own data."""
    if metrics.METRICS[metric].unit != metrics.OF_TARGET:
        return Series(TOLERANCE, index=points.index)
    return TOLERANCE * points["name"].map(analysis.target_spreads(runs)).astype(float)


def _free(best: DataFrame, lost: list[str], name: str, tolerance: float = TOLERANCE, *, each: bool = False) -> str:
    """How few weights are enough for each family, and which families have none to give away; `each` is held against its own network."""
    said = []
    for left, group in best.assign(left=best["left"].round(2)).groupby("left"):
        said.append(f"{left:.0%} of the weights ({_names(group['family'])})")
    dense = f"its own dense network's {name}" if each else f"the dense network's {name}"
    near = f"within {tolerance:.3g} of {dense}"
    enough = f"{near[0].upper()}{near[1:]}, on average, with {', '.join(said)}. " if said else ""
    return enough + (f"No sparsity that was tried stays {near}: {_names(lost)}." if lost else "")


def _names(families: Iterable[str]) -> str:
    return ", ".join(map(quoted, families))


def _trade_off(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Against what is left", anchor=False, help=TERMS)
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
        "Means over seeds with 95 % bands. Weights left are counted, not asked for: pruning units takes their weights on both sides."
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
    st.caption("Global criteria take more from large layers. Where a layer nears 1, hardly any signal gets through.")


def cells_of(results: Results, points: DataFrame, level: float) -> DataFrame:
    """Share of zeros at a sparsity: variant (which says that sparsity), family, layer, sparsity."""
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
        "The fall is the pruning itself; how far it climbs back is what training on is worth. A ticket begins anew: there its line breaks."
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
    st.markdown("**What each ticket had reached when it was pruned further**")
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "epoch": number("After epoch", "%d", "The pruning after this epoch took the weights back."),
        "left": number("Weights left", "percent", "Until that pruning."),
        "n": number("Seeds", "%d", "With a value there."),
        "mean": number(in_words(metric), "%.4g", "Mean over seeds, of the network as it was trained."),
        "half": number("±", "%.2g", "Half of its 95 % interval (t distribution over seeds)."),
    }
    compression.shown_table(f"{PAGE}.tickets", found, columns, "Every ticket on the way: weights left, and what it had reached")


def _table(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Exact values", anchor=False)
    work = results.once("work", lambda: analysis.work(results.as_compared(results.layers), compression.multiply_adds(results)), PATIENCE)
    runs = analysis.at_ends(results.runs, ["parameters", "nonzero", *metrics.TESTS])
    frame = analysis.with_halves(points).drop(columns="variant").rename(columns={"name": "variant"})
    frame = analysis.with_ratio(analysis.joined(frame, runs, work))
    told = "Every variant: its quality, and its difference to its own dense network"
    compression.shown_table(f"{PAGE}.table", compression.with_counterparts(frame), _of_quality(metric, view.loss_unit(results)), told)
    compression.shown_table(f"{PAGE}.costs", frame, _of_size(), "Every variant: the weights that are left, and what they cost")


def _of_quality(metric: str, loss: str) -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        **compression.quality(metric, loss, "To dense", "the same network without pruning"),
    }


def _of_size() -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "left": number("Weights left", "percent", "Share of the weights (biases and norms not counted) that are not zero."),
        "parameters": number("Parameters", "localized", "Of the network, biases and norms included."),
        "nonzero": number("Non-zero", "localized", "How many of them are not zero."),
        "compression": number("Compression", "%.2f×", "Parameters / non-zero parameters."),
        "multiply_adds": number("Multiply-adds", "localized", "Multiplications (each with an addition) that one example takes, unpruned."),
        "remaining": number("Remaining", "localized", "Those by a weight that is not zero."),
        "speed_up": number(
            "Theoretical speed-up", "%.2f×", "Multiply-adds / remaining: a bound, reached only by what skips zeros for free."
        ),
    }
