"""The page of regularization: networks with and without it, its geometry, and the weights of a linear model against strength."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import compression as analysis
from core.analysis import findings
from core.analysis.findings import Finding
from core.analysis.shown import generalisation
from core.analysis.statistics import half_of
from core.charts.results import pairs
from core.comparison import Comparison
from core.experiments.regularization import EXPERIMENTS, PAGE, START
from core.reference import marked
from core.ui.pages.regularization import labs as penalty_labs
from core.ui.results import compression, live, overview, parts, skeleton, table
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View, in_words

__all__ = ["PAGE", "START", "draw"]

NETWORKS, GEOMETRY, PATHS = "Networks", "Geometry", "Weights against strength"

WORDS = Skeleton(
    PAGE,
    "Three of ten labels are wrong. You will see the gap between training and validation without regularization and with each "
    "kind of it, how the weights change, and which of them become exactly 0.",
    look=":small[**What to look at:** the gap, validation minus training. Three of ten training labels are wrong; the validation labels "
    "are "
    "right: a network that memorizes them is below the others on training data and above them on validation data; a regularized one is not "
    "(its gap may be negative). Penalties add strength × size of the weights to the loss: Σ|w| (L1), Σw² (squared L2), "
    "Σ‖w of a unit‖ (unit norms). Proximal steps set weights to exactly 0; dropout leaves them large.]",
    nothing_heading="Networks that memorize wrong labels, and regularization that prevents it",
    note="The tab Geometry needs no training; it shows why L1 sets weights to 0 and L2 does not.",
    path="pages/regularization.py",
    experiments=EXPERIMENTS,
)


def draw(comparison: Comparison) -> None:
    """The heading, and one tab for the networks and for each of the two labs; only the open tab is drawn."""
    st.title("Regularization", anchor=False)
    drawers = {NETWORKS: lambda: live.show(comparison, _networks), GEOMETRY: penalty_labs.geometry, PATHS: penalty_labs.paths}
    parts.tabs(f"{PAGE}.tab", drawers)


def _networks(results: Results) -> None:
    skeleton.draw(WORDS, results, _pictures, verdict=_verdict)


def _verdict(results: Results, view: View) -> None:
    """The gain of the best regularization over none, and the variants that set weights to exactly 0."""
    metric = overview.felt(results, view.metric)

    def make() -> list[Finding | None]:
        against = results.comparison.counterparts(*marked("regularizes"))
        zeros = {str(name): 1 - float(left) for name, left in analysis.weights_left(results.history).items()}
        return [findings.zeros_and_score(findings.by_seed(results.history, results.runs, metric), metric, zeros, against)]

    overview.finding(results, ("zeros", metric), make, lambda: overview.verdict(results, view), last=view.at == "last")


def _pictures(results: Results, view: View) -> None:
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    with grid.cell():
        st.subheader(
            "Training against validation",
            anchor=False,
            help="Means at the last evaluation with 95 % t intervals over seeds; the gap dotted.",
        )
        chart(
            results,
            f"{PAGE}.gap",
            pairs.generalisation_gap,
            lambda: results.as_compared(results.history),
            stretch=True,
            metric=view.metric,
            width=WIDTH,
        )
    with grid.cell():
        overview.loss(PAGE, results, view)
    with grid.cell():
        overview.spread(PAGE, results, view, overview.AT_THE_END)
    left, right = st.columns([1, 2])
    with left:
        overview.sparsity(PAGE, results, view)
    with right:
        _gaps(results, view)


def _gaps(results: Results, view: View) -> None:
    """The exact values of the first picture, and each variant's difference to the same network without regularization."""
    made = results.once(("gaps", view.metric), lambda: gaps(results, view.metric))
    st.subheader("Exact values of the gap", anchor=False)
    number = st.column_config.NumberColumn
    plainly = ("training", "validation", "gap")
    columns: dict[str, Any] = {name: number(name.capitalize(), format="%.3f") for name in plainly if name in made}
    columns |= {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "difference": number(
            "To none",
            format="%+.3g",
            help=f"{in_words(view.metric)} at the end: difference to the same network without regularization, paired by seed.",
        ),
        "half": number("±", format="%.2g", help="Half of that difference's 95 % interval."),
        "counterpart": compression.AGAINST,
    }
    alt = f"{in_words(view.metric)} at the end: training, validation, the gap, and the difference to none, by variant"
    told = compression.with_counterparts(made)
    shown = told[["variant", *(name for name in columns if name in told and name != "variant")]].dropna(axis="columns", how="all")
    st.dataframe(shown, hide_index=True, key=f"{PAGE}.gaps", column_config=columns, placeholder="–", alt=alt)
    table.csv_button(f"{PAGE}.download.gap", "gap.csv", made)


def gaps(results: Results, metric: str) -> DataFrame:
    """`generalisation.gap_table`, and for each variant `counterpart` (the same network without regularization), `difference` to it and
    `half`, half of the difference's 95 % interval.
    """
    against = results.comparison.counterparts(*marked("regularizes"))
    changes = analysis.outcomes(results.as_compared(results.course), results.runs, metric, against).set_index("variant")
    changes = changes.assign(half=half_of(changes, "difference_low", "difference_high"))[["counterpart", "difference", "half"]]
    return generalisation.gap_table(results.as_compared(results.history), results.variants, metric).join(changes, on="variant")
