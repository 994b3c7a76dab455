"""The summary of a comparison as a table, and its files to take away."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st
from pandas import DataFrame, Series

from core.analysis.statistics import summarise
from core.charts.summary import sparklines
from core.export.bundle import zip_bytes
from core.export.tables import to_csv_bytes
from core.ui import links
from core.ui.live import Results
from core.ui.panels import words
from core.ui.panels.view import View, in_words, named

FILES = {
    "history.csv": "A row a run and evaluation.",
    "layers.csv": "A row a run, evaluation and layer.",
    "summary.csv": "A row a variant, for the metric chosen above.",
    "all.zip": "All three, and comparison.toml, from which the comparison can be run again.",
}

WIDE = 150
"""Pixels of a column whose heading is a metric's name."""
PATIENCE = 3.0
"""Seconds for which the table may be behind the curves while they grow."""


def summary(page: str, results: Results, view: View) -> None:
    """A row a variant: seeds, diverged, mean and interval, best, test, non-zero weights, and the curve."""
    frame = results.once(("table", view.metric, view.at, view.x), lambda: rows(results, view), PATIENCE)
    st.dataframe(
        frame,
        key=f"{page}.table",
        hide_index=True,
        column_config=_columns(named(results, view.metric), view, frame),
        placeholder="–",
        alt=f"Summary of the variants by {in_words(view.metric).lower()}",
    )


def rows(results: Results, view: View) -> DataFrame:
    """`statistics.summarise` of all variants in their order, with `half` (half the interval's width) and `curve`; no empty columns."""
    table = summarise(results.course, results.runs, view.metric, view.at).set_index("variant").reindex(results.variants)
    curves = sparklines(results.history, view.metric, view.x)
    table = table.assign(
        half=(table["ci_high"] - table["ci_low"]) / 2,
        curve=Series([curves.get(name, []) for name in results.variants], index=table.index, dtype=object),
        nonzero=table["nonzero"].round(),
        **{name: table[name].fillna(0).astype(int) for name in ("n", "diverged")},
    )
    order = ["n", "diverged", "mean", "half", "best", "curve", "test_loss", "test_accuracy", "parameters", "nonzero", "compression"]
    table = table[order].dropna(axis="columns", how="all") if not results.empty else table[order]
    return table.rename_axis("variant").reset_index()


def _columns(metric: str, view: View, frame: DataFrame) -> dict[str, Any]:
    number, column = st.column_config.NumberColumn, st.column_config
    last_or_best = "its last value" if view.at == "last" else "the best it ever reached"
    every = {
        "variant": column.TextColumn("Variant", pinned=True),
        "n": number("Seeds", help="Runs of this variant that are stored or on their way."),
        "diverged": number("Diverged", help=words.DIVERGED),
        "mean": number(metric, width=WIDE, format="%.4g", help=f"Mean over the seeds that did not diverge, of each run {last_or_best}."),
        "half": number("±", format="%.2g", help="Half of the 95 % interval of that mean (t distribution over seeds)."),
        "best": number("Best", format="%.4g", help="Mean over seeds of the best value that each run ever reached."),
        "test_loss": number("Test loss", format="%.4g", help="On data that no decision was made on, once, at the end of each run."),
        "test_accuracy": number("Test accuracy", format="%.3f", help="Share of the test examples that are classified right."),
        "parameters": number("Weights", format="localized", help="Parameters of the network, biases and norms included."),
        "nonzero": number("Non-zero", format="localized", help="How many of them are not 0 at the end, on average over the seeds."),
        "compression": number("Compression", format="%.2f×", help="Weights / non-zero weights."),
        "curve": column.LineChartColumn("Over training", help=f"{metric}: mean over seeds.", color="gray"),
    }
    return {name: config for name, config in every.items() if name in frame}


def downloads(page: str, results: Results, view: View) -> None:
    """Buttons for the tables as CSV, and for all of it with the comparison itself. Files are made when they are asked for."""
    with st.container(horizontal=True, gap="small"):
        for name, meaning in FILES.items():
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
    """One of the FILES, with all that is stored at the time of the call."""
    store, comparison = results.store, results.comparison
    history, layers, runs = store.history(comparison)[0], store.layers(comparison)[0], store.runs(comparison)
    summed = summarise(history, runs, view.metric, view.at)
    if name == "all.zip":
        return zip_bytes(history, layers, summed, comparison.to_toml())
    return to_csv_bytes({"history.csv": history, "layers.csv": layers, "summary.csv": summed}[name])


def csv_button(key: str, name: str, frame: DataFrame, meaning: str | None = None) -> None:
    """A button for a table as the CSV file `name`, made when it is asked for."""
    make = partial(to_csv_bytes, frame)
    st.download_button(name, make, file_name=name, mime="text/csv", key=key, on_click="ignore", icon=":material/download:", help=meaning)


def workbench_link(results: Results) -> None:
    """A link that opens the comparison in the workbench."""
    query = results.once("workbench", lambda: links.query_for("compare", results.comparison))
    st.page_link(links.COMPARE, label="Open in the workbench", icon=":material/open_in_new:", query_params=query)
