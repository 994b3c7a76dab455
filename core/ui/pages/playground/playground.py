"""The playground: up to four networks in the plane, played epoch by epoch, from what the runner has stored of their training."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis import metrics
from core.labs.networks.playground import MEASURED
from core.runs.recorded import labs as recorded
from core.ui import errors
from core.ui.form import links
from core.ui.pages.playground import chips, player
from core.ui.pages.playground.settings import PAGE, PATH, SUGGESTIONS, Asked
from core.ui.results import labs
from core.ui.results.labs import Found
from core.ui.results.table import csv_button

SHOWN = 6
"""Epochs of the table."""


def draw() -> None:
    """The whole page."""
    links.open_afresh(PAGE)
    asked = chips.chips()
    with errors.shown("The networks cannot be trained"):
        labs.follow(PAGE, asked.labs(), lambda found: _draw(asked, found))


def _draw(asked: Asked, found: Found) -> None:
    with st.container(key=f"{PAGE}-figure"):
        player.player(asked, found.frames, bool(found.problems))
    if found.recorded and all(one.name in found.recorded for one in asked.variants):
        st.caption(f"Recorded on {_day(asked, found):%d %B %Y}, on another machine. Change a setting, and networks train here.")
    _suggestions(asked)
    _numbers(asked, found)


def _suggestions(asked: Asked) -> None:
    """Three of them: what to try, and what to look for."""
    st.subheader("Try this", anchor=False)
    offered = [one for one in SUGGESTIONS if one.chips["compare"] != asked.varied][:3]
    for place, one in zip(st.columns(len(offered), gap="medium"), offered, strict=True):
        with place, st.container(border=True, gap="xsmall"):
            st.page_link(PATH, label=f"**{one.change}**", icon=":material/arrow_forward:", query_params=one.query)
            st.caption(one.look)


def _day(asked: Asked, found: Found) -> date:
    """The earliest on which something was recorded."""
    wanted = asked.labs()
    return min(day for name in found.recorded if (day := recorded.day_of(wanted[name].key)) is not None)


def _numbers(asked: Asked, found: Found) -> None:
    """The same in numbers, for those who cannot see it."""
    stored = {one.name: found.frames[one.name] for one in asked.variants if one.name in found.frames}
    if not stored:
        return
    with st.expander("The same in numbers", type="compact"):
        frame = pd.concat([rows.drop(columns="weights").assign(network=name) for name, rows in stored.items()], ignore_index=True)
        number = st.column_config.NumberColumn
        columns = {
            "network": st.column_config.TextColumn("Network", pinned=True),
            **{name: number(metrics.heading(name), format="%.4g") for name in MEASURED if name != "status"},
        }
        shown = _every_so_many(frame)[list(columns)]
        alt = "Accuracy and loss of each network over the epochs"
        st.dataframe(shown, key=f"{PAGE}.table", hide_index=True, column_config=columns, placeholder="–", alt=alt)
        csv_button(f"{PAGE}.csv", "playground.csv", frame, "A row a network and epoch.")


def _every_so_many(frame: DataFrame) -> DataFrame:
    """Some epochs, evenly, with the first and the last."""
    step = max(1, int(frame["epoch"].max()) // SHOWN)
    return frame[(frame["epoch"] % step == 0) | (frame["epoch"] == frame["epoch"].max())]
