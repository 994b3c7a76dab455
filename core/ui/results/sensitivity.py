"""The results of runs against one of their numeric settings: controls, verdict, pictures, tables. Pages that sweep a setting use it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st
from pandas import DataFrame

from core.analysis import findings, frames, metrics, sensitivity
from core.analysis.statistics import At, half_of, leading_verdict, quoted
from core.charts.results import sensitivity as charts
from core.comparison import Comparison, value_at
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.results import overview, table, words
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.view import View, in_words, loss_unit, measure

PATIENCE = 2.0
"""Seconds by which the pictures may lag behind the store while runs end."""

OWN, SAME = "each at its own best", "the same for all"


class SweepResults(NamedTuple):
    """The results of a sweep: see `core.analysis.sensitivity`."""

    values: DataFrame
    points: DataFrame
    best: DataFrame
    starts: tuple[tuple[str, float], ...]  # curve, and its networks' value before training; one value for all curves has an empty name
    start: float  # the worst of them
    end: float | None


class Sweep(NamedTuple):
    """The swept setting: its name on the axis, the noun for a curve, and the place and curve of each variant."""

    name: str
    noun: str  # for one curve, such as "optimizer"
    places: DataFrame  # variant, curve, place
    untrained: bool = True  # whether the picture extends to the networks' values before training
    tuned: bool = (
        True  # whether to look for the best place: curves are then compared each at its own best, with a warning if that is at the edge
    )

    @property
    def curves(self) -> list[str]:
        """The curves in the order of the comparison."""
        return list(dict.fromkeys(self.places["curve"]))


DrawVerdict = Callable[[str, Results, Sweep, SweepResults, str, At], None]


def places(comparison: Comparison, path: str) -> DataFrame:
    """variant, curve, place: the place is the variant's setting at `path`; variants without a number there are left out.

    Variants that differ only in it share a curve, which is named after them without the place.
    """
    curves = comparison.families(path, nameless="all")
    rows = [(name, curves[name], value_at(run, path)) for name, run in comparison.settings.items()]
    return frames.of_rows((row for row in rows if isinstance(row[2], int | float)), sensitivity.PLACES)


def draw(page: str, results: Results, sweep: Sweep, *, metric: str = "val_loss", verdict: DrawVerdict | None = None) -> None:
    """Everything about a sweep except its heading; the keys begin with `page`.

    Args:
        page: prefix of the keys.
        results: the results of the comparison.
        sweep: the swept setting.
        metric: the initial metric, if the runs have it.
        verdict: draws the verdict, in place of the default one, which compares the curves at one place each.
    """
    above = st.container()
    metric, at, log_y = _controls(page, results, metric)
    found = find(results, sweep, metric, at)
    with above:
        (verdict or _verdict)(page, results, sweep, found, metric, at)
    if sweep.tuned:
        _warn_of_edges(sweep, found)
    shared: dict[str, Any] = {"variants": sweep.curves, "stretch": True, "about": (metric, at), "place": sweep.name}
    shared |= {"patience": PATIENCE, "width": WIDTH}
    start = None if math.isnan(found.start) or not sweep.untrained else found.start
    limits: dict[str, Any] = {"start": start, "starts": found.starts if sweep.untrained else (), "end": found.end}
    drawn = (found.points, found.values, found.best)
    limits |= {"rings": sweep.tuned, "log_y": log_y, "loss": loss_unit(results)}
    chart(results, f"{page}.curves", charts.curves, *drawn, metric=metric, **limits, **shared)
    _failures(page, results, found, shared)
    _tables(page, sweep, found, metric)
    table.downloads(page, results, View(metric, at))
    table.workbench_link(results)


def _failures(page: str, results: Results, found: SweepResults, shared: dict[str, Any]) -> None:
    """Where seeds failed; one line if none did."""
    if found.points[["diverged", "worse"]].to_numpy().any():
        chart(results, f"{page}.failures", charts.failures, found.points, **shared)
    elif not results.missing:
        st.caption("No seed diverged, and none ended worse than before training.")


def find(results: Results, sweep: Sweep, metric: str, at: At) -> SweepResults:
    """The stored results of the sweep, computed once."""

    def make() -> SweepResults:
        values = sensitivity.values(results.as_compared(results.history), results.runs, sweep.places, metric, at)
        points, starts = sensitivity.points(values, metric), sensitivity.starts(values)
        start = float(starts.min() if metrics.higher_is_better(metric) else starts.max())
        best, end = sensitivity.best(points, metric), sensitivity.limit(points, start, metric)
        return SweepResults(values, points, best, tuple((str(curve), value) for curve, value in starts.items()), start, end)

    return results.once(("sweep", sweep.name, tuple(sweep.curves), metric, at), make, PATIENCE)


def _controls(page: str, results: Results, begin: str) -> tuple[str, At, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        metric, at = measure(page, results, begin)
        log_y = st.toggle("log y", key=f"{page}.log_y", bind="query-params", help="Logarithmic y axis.")
    return metric, at, bool(log_y) and metrics.is_error(metric)


def _verdict(page: str, results: Results, sweep: Sweep, found: SweepResults, metric: str, at: At) -> None:
    """The curves against each other: each at its own best place, or all at the same place."""
    if found.best.empty or len(sweep.curves) < 2:
        return
    if sweep.tuned:
        make = lambda: [findings.one_place_decides(found.values, metric, sweep.name)]  # noqa: E731
        overview.finding(results, ("one place", sweep.name, metric, at), make, lambda: None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        fair = _fairness(page, sweep) if sweep.tuned else SAME
        chosen = found.best
        if fair == SAME:
            offered = [f"{place:g}" for place in sorted(found.points["place"].unique())]
            begin = len(offered) // 2 if sweep.tuned else len(offered) - 1
            key = f"{page}.same"
            text = st.selectbox(f"Compare at the {sweep.name}", offered, index=begin, key=key, bind="query-params", width=190)
            chosen = found.points[found.points["place"].map("{:g}".format) == text]
    name = ("fair", sweep.name, metric, at, fair, tuple(chosen["place"]))
    said = results.once(name, lambda: _said(results, found, chosen, metric, at), PATIENCE)
    st.markdown(f"#### {escaped(said)}", help="Differences are paired by seed; the range in brackets is their 95 % interval.")


def _fairness(page: str, sweep: Sweep) -> str | None:
    return segmented_control(
        f"Compare at a {sweep.name}",
        (OWN, SAME),
        OWN,
        key=f"{page}.fair",
        help="The same value for all may favour one of them. Each at its own best value is the fair comparison, because all had equally "
        "many tries. The best value was chosen on the same seeds, so all results are slightly too good.",
    )


def _said(results: Results, found: SweepResults, chosen: DataFrame, metric: str, at: At) -> str:
    history, runs = (sensitivity.at_place(found.values, frame, chosen) for frame in (results.history, results.runs))
    return leading_verdict(history, runs, metric, at, results.reached)


def _warn_of_edges(sweep: Sweep, found: SweepResults) -> None:
    edges = found.best[found.best["edge"] != ""]
    if len(edges):
        said = [f"{quoted(row['curve'])}: {row['place']:g} is the {row['edge']} tried" for row in edges.to_dict("records")]
        st.warning(
            "  \n".join(map(escaped, said)) + f"  \nA better {sweep.name} may lie outside the tried range. Add values in the sidebar.",
            title=f"The best {sweep.name} is at the edge of the tried range",
        )


def _tables(page: str, sweep: Sweep, found: SweepResults, metric: str) -> None:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    half = lambda frame: frame.assign(half=half_of(frame))  # noqa: E731
    columns = {
        "curve": text(sweep.noun.capitalize(), pinned=True),
        "place": number(sweep.name.capitalize(), format="%g"),
        "mean": number(in_words(metric), format="%.4g", help="Mean over the seeds that did not diverge."),
        "half": number("±", format="%.2g", help="Half of the mean's 95 % interval (t distribution over seeds)."),
        "n": number("Seeds"),
        "diverged": number("Diverged", help=words.DIVERGED),
        "worse": number("Worse", help="Seeds that ended worse than before training."),
        "edge": text("Edge", help="If the best value is the lowest or the highest one tried, a better one may lie outside."),
    }
    order = ["curve", "place", "mean", "half", "n", "diverged", "worse"]
    shown: dict[str, Any] = {"hide_index": True, "column_config": columns, "placeholder": "–"}
    if sweep.tuned:
        st.markdown(f"**The best {sweep.name} of each {sweep.noun}**")
        st.dataframe(half(found.best)[[*order, "edge"]], key=f"{page}.best", alt=f"The best {sweep.name} of each {sweep.noun}", **shown)
    with st.expander("Every value", type="compact"):
        st.dataframe(half(found.points)[order], key=f"{page}.points", alt=f"The {in_words(metric)} at every {sweep.name}", **shown)
        table.csv_button(f"{page}.csv", "sensitivity.csv", found.points)
