"""The third entry of the home page: the user's own table, which is inspected and then opened in the workbench."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.analysis import baselines
from core.charts.results import targets
from core.comparison import Comparison
from core.data.loading import load_data
from core.data.report import Reading
from core.data.sets.fetched import Table
from core.ui import errors
from core.ui.form import links, tables
from core.ui.markdown import escaped
from core.ui.results.drawing import figure

KEY = "home.table"
VARIANTS = (
    {"name": "Linear", "model": "linear"},
    {"name": "MLP 64-64, Adam"},
    {"name": "MLP 64-64, SGD", "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
)
"""The variants for a new table: they show whether a network helps at all, and whether the optimizer matters."""


def bring_a_table() -> None:
    """The upload, how the table is read, its target, the score of a constant prediction, and the way to the workbench."""
    opened = bool(st.session_state.get(f"{KEY}.sha256") or st.query_params.get(f"{KEY}.sha256"))
    title = ":material/table: **Bring a table**: your own data, a column to predict, and several networks side by side"
    with st.expander(title, expanded=opened):
        st.caption(
            "The table stays in the data folder of this dashboard. You see how it is read, and can change that, before anything is trained."
        )
        left, right = st.columns([3, 2], gap="medium")
        table = tables.bring(left.container(), KEY)
        if table is not None:
            with right, errors.shown("The target cannot be shown"):
                _target(table, tables.reading_of(table))
            with right:
                _compare(table)


def _target(table: Table, reading: Reading) -> None:
    """The score of a constant prediction; for a regression also the distribution of the target (classes stand in the report)."""
    st.markdown(f"**Without any feature**  \n{escaped(guessing(reading))}")
    if not reading.classes:
        split = load_data(table)
        figure(
            f"{KEY}.target",
            targets.histogram(np.ravel(split.y_train), title="target of the training rows, as the networks see it"),
            stretch=True,
        )


def guessing(reading: Reading) -> str:
    """The score of a prediction that knows only the target's distribution, in words: every useful network must be better."""
    if reading.classes:
        guess = baselines.of_counts(dict(reading.classes), reading.used)
        right = f"Always predicting “{guess.name}” is right for {guess.share:.1%} of the rows"
        return f"{right}; predicting the class shares has a loss of {guess.loss:.3g} nats."
    spread = reading.spread
    assert spread is not None  # a regression always has it
    return f"Always predicting the mean, {spread.mean:.4g}, has a root mean squared error of {spread.std:.4g}."


def comparison_on(table: Table) -> Comparison:
    """The comparison that the button opens."""
    return Comparison.load({"base": {"data": table}, "variants": VARIANTS, "seeds": 5})


def _compare(table: Table) -> None:
    if st.button("Compare networks on this table", type="primary", icon=":material/arrow_forward:", key=f"{KEY}.go"):
        with errors.shown("The table cannot be opened in the workbench"):
            st.switch_page(links.COMPARE, query_params=links.query_for("compare", comparison_on(table)))
