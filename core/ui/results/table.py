"""The summary of a comparison as a table, and its files to download."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame, Series

from core.analysis import baselines, metrics
from core.analysis.statistics import half_of, summarise
from core.charts.results.summary import sparklines
from core.export.bundle import zip_bytes
from core.export.tables import to_csv_bytes
from core.runs.result import FILES, Result
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.results import words
from core.ui.results.live import Results
from core.ui.results.view import View, column, in_words, loss_unit, named

ZIP = "all.zip"
DOWNLOADS = {name: about for name, about in FILES.items() if name.endswith(".csv")} | {ZIP: f"All of these, and {[*FILES][-1]}."}
"""The downloads and their contents; the summary uses the metric chosen above."""

WIDE = 150
"""Width in pixels of a column whose heading is the name of a metric."""
EMPTY = ["n", "diverged", "mean", "half", "best", "curve", "parameters"]
ORDER = ["n", "diverged", "counted", "mean", "half", "best", "curve", *metrics.TESTS, "parameters", "nonzero", "compression"]
PATIENCE = 3.0
"""Seconds by which the table may lag behind the growing curves."""


def summary(page: str, results: Results, view: View) -> None:
    """One row for each variant: seeds, diverged, mean and interval, best, test, non-zero weights, and the curve."""
    frame, reached = results.once(("table", view.metric, view.at, view.x), lambda: (rows(results, view), results.reached), PATIENCE)
    st.dataframe(
        frame,
        key=f"{page}.table",
        hide_index=True,
        column_config=_columns(named(results, view.metric), view, frame, loss_unit(results)),
        placeholder="–",
        alt=f"Summary of the variants by {in_words(view.metric).lower()}",
    )
    if reached is not None:
        st.caption(f"All at epoch {reached:.4g}, which every run on its way has reached; the small curves are as far as each has come.")


def rows(results: Results, view: View) -> DataFrame:
    """`statistics.summarise` of all variants in their order, at the moment at which they are compared.

    It has the columns `half` (half the interval's width) and `curve`, no empty columns, and `counted` only if a mean is over fewer seeds
    than `n` and `diverged` tell.
    """
    table = (
        summarise(results.as_compared(results.course), results.runs, view.metric, view.at).set_index("variant").reindex(results.variants)
    )
    curves = sparklines(results.history, view.metric, view.x)
    table = table.assign(
        half=half_of(table, "ci_low", "ci_high"),
        curve=Series([curves.get(name, []) for name in results.variants], index=table.index, dtype=object),
        nonzero=table["nonzero"].round(),
        **{name: table[name].fillna(0).astype(int) for name in ("n", "diverged", "counted")},
    )
    table = table[ORDER].dropna(axis="columns", how="all") if not results.empty else table[EMPTY]
    if "counted" in table and (table["counted"] == table["n"] - table["diverged"]).all():
        table = table.drop(columns="counted")
    return table.rename_axis("variant").reset_index()


def _columns(metric: str, view: View, frame: DataFrame, loss: str) -> dict[str, Any]:
    last_or_best = "its last value" if view.at == "last" else "the best value it reached"
    mean = f"Mean over the seeds that did not diverge; for each run {last_or_best}. {metrics.about(view.metric, loss)}".strip()
    every = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "diverged": column("diverged", loss, help=words.DIVERGED),
        "mean": column(view.metric, loss, label=metric, width=WIDE, format="%.4g", help=mean),
        "half": column("half", loss, label="±", format="%.2g", help="Half of the mean's 95 % interval (t distribution over seeds)."),
        "nonzero": column("nonzero", loss, label="Non-zero"),
        "compression": column("compression", loss, format="%.2f×"),
        "curve": st.column_config.LineChartColumn("Over training", help=f"{metric}: mean over seeds.", color="gray"),
    }
    return {name: every[name] if name in every else column(name, loss) for name in map(str, frame)}


def downloads(page: str, results: Results, view: View) -> None:
    """The baseline's scores; buttons for the tables as CSV, and for everything with the comparison itself.

    A file is made only when it is requested.
    """
    if said := results.once("baseline", lambda: baselines.sentence(results.runs), PATIENCE):
        st.caption(escaped(said))
    if results.recorded:
        st.caption("The files contain the recorded results, from another machine, rounded to six digits.")
    with st.container(horizontal=True, gap="small"):
        for name, meaning in DOWNLOADS.items():
            st.download_button(
                name,
                partial(content, results, view, name),
                file_name=name,
                mime="application/zip" if name.endswith(".zip") else "text/csv",
                key=f"{page}.download.{name}",
                on_click="ignore",
                icon=":material/download:",
                disabled=results.empty,
                help=meaning,
            )


def content(results: Results, view: View, name: str) -> bytes:
    """One of the DOWNLOADS, with everything that is stored at the time of the call."""
    result = Result.stored(results.store, results.comparison)
    return zip_bytes(result.files(view.metric, view.at)) if name == ZIP else result.file(name, view.metric, view.at)


def csv_button(key: str, name: str, frame: DataFrame, meaning: str | None = None) -> None:
    """A button for a table as the CSV file `name`; the file is made only when it is requested."""
    make = partial(to_csv_bytes, frame)
    st.download_button(name, make, file_name=name, mime="text/csv", key=key, on_click="ignore", icon=":material/download:", help=meaning)


def workbench_link(results: Results) -> None:
    """A link that opens the comparison in the workbench."""
    query = results.once("workbench", lambda: links.query_for("compare", results.comparison))
    st.page_link(links.COMPARE, label="Open in the workbench", icon=":material/open_in_new:", query_params=query)
