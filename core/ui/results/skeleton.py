"""The frame around the results of every page, in one order: what to look at, progress, links to experiments, a gate, then the verdict,
the pictures, the table, the files and the link to the workbench.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from core.comparison import Comparison
from core.experiments.experiment import Experiment
from core.experiments.home import PAGE as WORKBENCH
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.results import overview, steering, table
from core.ui.results import view as views
from core.ui.results.live import Results
from core.ui.results.view import View

Pictures = Callable[[Results, View], None]


@dataclass(frozen=True)
class Skeleton:
    """The texts around the results of a page or of a tab.

    page: prefix of its keys. heading: its title beside the buttons; empty for a tab, whose title stands above it.
    look: what to look at, in Markdown. nothing_yet, nothing_heading: shown before anything is trained; note: one line below them.
    waits: whether the page can draw nothing before the first points.
    path, experiments, opens: links that open the page with an experiment, and their other address parameters; the first experiment is the
        page's initial state.
    """

    page: str
    nothing_yet: str
    heading: str = ""
    look: str = ""
    nothing_heading: str = "Nothing has been trained with these settings yet"
    note: str = ""
    waits: bool = False
    path: str = ""
    experiments: Sequence[Experiment] = ()
    opens: Mapping[str, str] = field(default_factory=dict)


def draw(
    skeleton: Skeleton,
    results: Results,
    pictures: Pictures,
    *,
    controls: Callable[[str, Results], View] = views.controls,
    verdict: Pictures = overview.verdict,
) -> None:
    """Draws everything. The controls stand below the verdict, whose metric they set; `pictures` draws the page's own pictures."""
    if opened(skeleton, results):
        body(skeleton.page, results, pictures, controls=controls, verdict=verdict)


def opened(skeleton: Skeleton, results: Results, steer: Literal["row", "above"] = "row") -> bool:
    """Draws the part above the results; returns whether there are results, or will be in a moment.

    After a click on Run, empty results are drawn, so that the browser has loaded the chart library when the first points arrive.

    Args:
        skeleton: texts of the page.
        results: results of the comparison.
        steer: for a page without a heading: whether the buttons stand here, or already above.
    """
    if skeleton.heading:
        steering.title(results, skeleton.heading, skeleton.page)
        steering.standing(results)
    if skeleton.look:
        st.markdown(skeleton.look)
    if not skeleton.heading and steer == "row":
        steering.row(results, skeleton.page)
    if skeleton.experiments:
        experiments(skeleton, results.comparison)
    if not results.empty or (results.progress.active and not skeleton.waits):
        _came_out(skeleton, results)
        return True
    if results.progress.active:
        st.markdown("#### The first points arrive in a moment", width="content")
    else:
        steering.nothing_yet(results, skeleton.page, skeleton.nothing_yet, skeleton.nothing_heading)
    if skeleton.note:
        st.caption(escaped(skeleton.note))
    return False


def body(
    page: str,
    results: Results,
    pictures: Pictures,
    *,
    controls: Callable[[str, Results], View] = views.controls,
    verdict: Pictures = overview.verdict,
) -> None:
    """The results themselves."""
    above = st.container()
    view = controls(page, results)
    with above:
        verdict(results, view)
    pictures(results, view)
    table.summary(page, results, view)
    finish(page, results, view)


def finish(page: str, results: Results, view: View) -> None:
    """The files to download and, except in the workbench itself, the link to the workbench."""
    table.downloads(page, results, view)
    if page != WORKBENCH:
        table.workbench_link(results)


def experiments(skeleton: Skeleton, current: Comparison) -> None:
    """Links that open the page with its experiments. A link mentions every setting in which its experiment differs from `current`, which
    the form holds now, also if the page begins with that setting.
    """
    start = skeleton.experiments[0].comparison
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{skeleton.page}.comparisons"):
        st.caption("Compare", width="content")
        for experiment in skeleton.experiments:
            changed = _query(experiment.page, experiment.comparison, current)
            query = {**changed, **_query(experiment.page, experiment.comparison, start), **skeleton.opens}
            query |= {f"{experiment.page}.{widget}": value for widget, value in experiment.view.items()}
            st.page_link(skeleton.path, label=experiment.title, query_params=query)


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs={Comparison: lambda comparison: comparison.id})
def _query(page: str, comparison: Comparison, start: Comparison) -> links.Query:
    return links.query_for(page, comparison, start)


def shown(skeleton: Skeleton, results: Results) -> Experiment | None:
    """The experiment among the page's links that equals the comparison; None if there is none."""
    return next((each for each in skeleton.experiments if each.comparison.id == results.comparison.id), None)


def _came_out(skeleton: Skeleton, results: Results) -> None:
    """The result of a linked experiment, once all of it is stored."""
    if (known := shown(skeleton, results)) is not None and not results.missing:
        st.caption(f"{'Result of this comparison' if known.claims else 'This comparison'}: {escaped(known.look)}")
