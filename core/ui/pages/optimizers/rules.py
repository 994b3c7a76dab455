"""The update rule of each optimizer, the meaning of its settings, its state, and the cost of a step."""

from __future__ import annotations

import streamlit as st
from pandas import DataFrame

from core import reference
from core.charts import optimizers as charts
from core.choices import schema
from core.choices.base import Choice
from core.labs.optimization import costs
from core.labs.optimization.paths import optimizer_of
from core.settings import RunSettings
from core.ui.form import fields
from core.ui.markdown import escaped
from core.ui.results.drawing import figure
from core.ui.results.table import csv_button

PAGE = "optimizers.rule"


def draw() -> None:
    """One optimizer's rule and settings beside the cost of all optimizers."""
    st.subheader("The rules and their cost", anchor=False)
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _rule()
    with right:
        _cost()


def _rule() -> None:
    kinds = fields.kinds(RunSettings, "optimizer")
    kind = st.selectbox("Rule of", list(kinds), key=f"{PAGE}.kind", bind="query-params", width=220)
    st.markdown(fields.prose(kinds[kind]))
    st.caption("w: a weight; g: its gradient in the batch; b1, b2: the two betas; ^: to the power; _hat: corrected for starting at 0.")
    st.markdown(settings(kinds[kind]))


def settings(cls: type[Choice]) -> str:
    """The settings of a class as a Markdown table, whose long texts wrap: one row per setting, with its default, bounds and meaning."""
    rows = [
        (f"`{name}`", *map(escaped, (reference.default_of(field), schema.allowed(cls, name), field.description or "")))
        for name, field in reference.Entry("optimizer", cls).fields()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("setting", "default", "takes", "meaning"), ("---",) * 4, *rows])


def _cost() -> None:
    st.markdown(
        f"**State and cost of an update**, measured here with a matrix of {costs.ROWS * costs.COLUMNS:,} weights, on one thread. "
        "The numbers stored for each weight decide the memory: with Adam's two, training takes three times the memory of the weights."
    )
    if st.button(
        "Measure all optimizers",
        key=f"{PAGE}.measure",
        icon=":material/timer:",
        help="Takes a few seconds. The result is kept until the dashboard restarts.",
    ):
        st.session_state[f"{PAGE}.measured"] = True
    if not st.session_state.get(f"{PAGE}.measured"):
        st.caption("Nothing is measured until you click: the times are those of this machine at that moment.")
        return
    with st.spinner("Measuring ..."):
        table = _measured()
    figure(f"{PAGE}.costs", charts.costs(table), stretch=True)
    _table(table)


@st.cache_data(show_spinner=False)
def _measured() -> DataFrame:
    kinds = fields.kinds(RunSettings, "optimizer")
    return costs.table(optimizer_of({"kind": kind}) for kind in kinds if kind != "custom")


def _table(table: DataFrame) -> None:
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        key=f"{PAGE}.cost_table",
        hide_index=True,
        column_config={
            "variant": st.column_config.TextColumn("Optimizer", pinned=True),
            "state": number(
                "State per weight", format="%.2f", help="Number of elements in the optimizer's state divided by the number of weights."
            ),
            "milliseconds": number(
                "ms per update", format="%.3g", help="Median. For L-BFGS it includes the many gradients of a step, which are cheap here."
            ),
            "mean": number("Mean ms", format="%.3g", help="Also counts work that only some updates do, such as SOAP's new eigenbasis."),
            "relative": number("× SGD", format="%.3g", help="Median divided by that of plain SGD."),
        },
        placeholder="–",
        alt="State and time of an update of every optimizer",
    )
    csv_button(f"{PAGE}.csv", "costs.csv", table)
