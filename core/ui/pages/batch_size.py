"""The batch-size page: updates, epochs and seconds; scaling rules for the learning rate; gradient noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.analysis import findings, metrics, speeds
from core.analysis import sensitivity as analysis
from core.analysis.findings import Finding
from core.analysis.shown import over_seeds
from core.charts import batch_size as charts
from core.charts.parts.titles import Axis
from core.comparison import Comparison, value_at
from core.engine.sizes import epoch
from core.experiments import batch_sizes
from core.experiments.batch_sizes import PAGE, START
from core.settings import RunSettings
from core.ui import errors
from core.ui.form.picking import segmented_control
from core.ui.results import live, overview, parts, sensitivity, skeleton, table
from core.ui.results.drawing import WIDTH, chart, figure
from core.ui.results.live import Results
from core.ui.results.sensitivity import Sweep
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View, measure

if TYPE_CHECKING:
    from core.labs.optimization.gradient_noise import GradientNoise

__all__ = ["PAGE", "START", "draw"]

HEADING = "Batch size"

ALONG: Mapping[str, tuple[Axis, str]] = {
    "Per epoch": ("epoch", "One pass over all examples. Small batches make more updates in it, and are ahead."),
    "Per update": (
        "step",
        "Each update of the optimizer. With one learning rate the curves stay close until gradient noise matters: a less noisy gradient "
        "alone helps little.",
    ),
    "Per second": (
        "seconds",
        "Training time. Small batches need more time for their many updates; how much depends on the machine.",
    ),
}

DRAWS = (16, 64, 256)
MOST_FAMILIES = 3
"""Sentences at most: one for the variants that differ in nothing but their batch size."""

SPEED_WORDS = Skeleton(
    PAGE,
    "One click trains with batches from one example up to all examples.",
    look="An update averages the gradient over B examples: `g = (1/B) Σ ∇ℓᵢ`. **What to look at:** the same runs on three "
    "axes. Per epoch, small batches are ahead, because they make more updates. Per update the curves are close to each other until noise "
    "matters, so most of that lead comes from the number of updates. Per second, the order depends on the machine. The learning rate is "
    "the "
    "same for all here, which favours small batches: see *Scaling the rate*.",
)
RULE_WORDS = Skeleton(f"{PAGE}.rules", "One click trains with every rule at every batch size.")


def draw(comparison: Comparison) -> None:
    """The three parts of the page; only the open part is drawn."""
    st.title(HEADING, anchor=False)
    drawers = {
        "Updates, epochs, seconds": lambda: live.show(comparison, draw_speed),
        "Scaling the rate": lambda: _draw_rules(comparison),
        "Gradient noise": lambda: draw_noise(comparison.base),
    }
    parts.tabs(f"{PAGE}.part", drawers)


def draw_speed(results: Results) -> None:
    """The same training on three axes: epochs, updates and seconds."""

    def controls(page: str, results: Results) -> View:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            metric, at = measure(page, results)
            chosen = st.toggle("log y", key=f"{page}.log_y", bind="query-params", help="Logarithmic y axis.")
        return View(metric, at, log_y=bool(chosen) and metrics.is_error(metric))

    skeleton.draw(SPEED_WORDS, results, _clocks, controls=controls, verdict=_verdict)


def _verdict(results: Results, view: View) -> None:
    """The results of the smallest and the largest batch size after the same number of epochs."""
    metric = overview.felt(results, view.metric)
    make = lambda: _findings(results, metric)  # noqa: E731
    overview.finding(results, ("epochs", metric), make, lambda: overview.verdict(results, view), last=view.at == "last")


def _findings(results: Results, metric: str) -> list[Finding | None]:
    """A sentence for the variants that differ in nothing but their batch size."""
    settings, families = results.comparison.settings, results.comparison.families("training.batch_size")
    values, updates = findings.by_seed(results.history, results.runs, metric), over_seeds.last_steps(results.history)
    found: list[Finding | None] = []
    for family in list(dict.fromkeys(families.values()))[:MOST_FAMILIES]:
        batches = {name: epoch(settings[name]).batch for name, own in families.items() if own == family}
        epochs = {settings[name].training.epochs for name in batches}
        found.append(findings.in_equal_epochs(values, metric, batches, updates, epochs.pop()) if len(epochs) == 1 else None)
    return found


def _clocks(results: Results, view: View) -> None:
    """One chart for each axis, and a table of the cost of an update and an epoch."""
    top = _top(results, view.metric)
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for heading, (axis, meaning) in ALONG.items():
        with grid.cell():
            st.markdown(f"**{heading}**")
            st.caption(meaning)
            options: dict[str, Any] = {"metric": view.metric, "x": axis, "log_y": view.log_y, "top": top, "width": WIDTH}
            chart(results, f"{PAGE}.{axis}", charts.along, results.history, stretch=True, **options)
    _speeds(results)


def _top(results: Results, metric: str) -> float | None:
    """The upper end of a loss axis: slightly above the networks' loss before training."""
    start = results.once(("untrained", metric), lambda: analysis.untrained(results.history, metric))
    return 1.15 * start if metrics.is_error(metric) and start > 0 else None


def _speeds(results: Results) -> None:
    """A table of the cost of an update and an epoch."""
    frame = results.once("speeds", lambda: speeds.speeds(results.history, results.variants), 2.0)
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "updates": number("Updates per epoch", format="%.0f"),
        "ms": number(
            "ms per update", format="%.3g", help="Training time of one run, as its share of a stack's time; evaluations are not included."
        ),
        "epoch_s": number("s per epoch", format="%.3g"),
        "per_s": number("Examples per second", format="localized"),
    }
    st.markdown("**Cost of an update and an epoch**")
    st.dataframe(
        frame,
        key=f"{PAGE}.speeds",
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt="Cost of an update and an epoch by variant",
    )


@errors.shown("The rules cannot be compared with these settings")
def _draw_rules(comparison: Comparison) -> None:
    numbers = batch_sizes.sizes(comparison)
    if len(numbers) < 2 or value_at(comparison.base, "optimizer.lr") is None:
        st.info("In the sidebar, let training.batch_size vary over at least two sizes, with an optimizer that has a learning rate.")
        return
    st.markdown(
        "With a batch k times as large, an epoch has k times fewer updates. **What to look at:** with a fixed `lr`, large batches "
        "learn little; `lr × k` compensates for the fewer updates (Goyal et al. 2017, arXiv:1706.02677) until the rate is too large to "
        "be stable; "
        "`lr × √k` keeps the noise of an update constant, and is often used with Adam. Where a rule's curve rises, the rule no longer "
        "holds."
    )
    texts = [f"{number}" for number in numbers]
    begin = st.selectbox(
        "The learning rate in the sidebar is for batches of",
        texts,
        index=len(texts) // 2 - (len(texts) % 2 == 0),
        key=f"{PAGE}.reference",
        bind="query-params",
        width=330,
        help="At this batch size all rules agree. k is another batch size divided by this one.",
    )
    scaled_runs = batch_sizes.scaled(comparison, int(begin))
    live.show(scaled_runs, lambda results: draw_rules(results, int(begin)))


def draw_rules(results: Results, reference: int) -> None:
    """The final metric against the batch size for each rule."""
    if not skeleton.opened(RULE_WORDS, results):
        return
    sensitivity.draw(
        f"{PAGE}.rules", results, Sweep("batch size", "rule", batch_sizes.rule_places(results.comparison, reference), tuned=False)
    )


def draw_noise(base: RunSettings) -> None:
    """The standard deviation of the gradient, measured now, in this process."""
    st.markdown(
        "A mini-batch's gradient is an estimate, the mean over B examples. Its standard deviation falls as `σ / √B`: a line of slope −½ on "
        "logarithmic axes. **What to look at:** four times the examples halve the noise. Where the line meets the norm of the mean "
        "gradient (dotted), noise and signal are equal; much larger batches gain little "
        "([McCandlish et al. 2018](https://arxiv.org/abs/1812.06162))."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        draws = segmented_control("Draws", DRAWS, 64, key=f"{PAGE}.draws", help="Number of mini-batches of each size.")
        drawn = segmented_control(
            "Examples drawn",
            ("with replacement", "each once"),
            "with replacement",
            key=f"{PAGE}.drawn",
            help="With replacement, the draws are independent: σ/√B. Without, as in an epoch, each example is drawn at most once, with "
            "less noise: σ/√B · √((N−B)/(N−1)), which is 0 for all N examples.",
        )
    with errors.shown("The noise cannot be measured with these settings"), st.spinner("Measuring the gradient"):
        _noise(base, int(draws), drawn != "each once")


def _noise(base: RunSettings, draws: int, replacement: bool) -> None:
    found, slope, intercept, gradient, sigma, scale, examples = _measured(base, draws, replacement)
    shown = [
        ("Slope", f"{slope:.2f}", "Fitted to batches of at most a tenth of the examples; −0.5 is expected for independent draws."),
        (
            "σ of one example",
            _or_dash(sigma),
            "Root mean square distance of one example's gradient from the mean gradient. – with batch norm, which mixes the examples.",
        ),
        ("Mean gradient", f"{gradient:.3g}", "Norm of the mean gradient over all training examples, at the initial weights."),
        (
            "Noise scale",
            _or_dash(scale),
            "σ² / |g|²: the batch size at which noise and mean gradient have the same norm. It grows during training.",
        ),
    ]
    for column, (label, value, meaning) in zip(st.columns(4), shown, strict=True):
        column.metric(label, value, help=meaning)
    figure(f"{PAGE}.noise", charts.noise(found, slope=slope, intercept=intercept, gradient=gradient), stretch=True)
    st.caption(
        f"{base.model.kind} on {base.data.kind}, the initial weights of seed {base.seed}; {examples:,} training examples; no dropout."
    )
    number = st.column_config.NumberColumn
    columns = {"batch_size": number("Batch size"), "draws": number("Draws"), "noise": number("Spread", format="%.4g")}
    columns |= {
        "ci_low": number("95 % from", format="%.4g"),
        "ci_high": number("to", format="%.4g"),
        "expected": number("In closed form", format="%.4g"),
    }
    st.dataframe(
        found,
        key=f"{PAGE}.noise_table",
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt="Spread of the gradient by batch size",
    )
    table.csv_button(f"{PAGE}.noise_csv", "noise.csv", found)


def _or_dash(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


@st.cache_data(show_spinner=False, max_entries=32, hash_funcs={RunSettings: lambda run: run.key})
def _measured(base: RunSettings, draws: int, replacement: bool) -> GradientNoise:
    from core.labs.optimization import gradient_noise  # which imports torch

    return gradient_noise.measure(base, draws, replacement=replacement)
