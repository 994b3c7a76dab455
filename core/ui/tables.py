"""A user's own table in the sidebar: the upload, the column to predict, the columns to leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.choices.data import Table
from core.choices.datasets.examples import DataError
from core.choices.tables import LIMITS, describe_table, keep_table, tables_folder
from core.settings import SettingsError
from core.ui.fields import plain

UNUSABLE = ("text", "unusable")
BOUND = ("path", "sha256", "target", "drop")
"""The fields of a table that are drawn here; the others are drawn like those of any data set."""


class NextStep(SettingsError):
    """Nothing is wrong yet: something is still to be chosen."""


def draw(place: DeltaGenerator, key: str, start: Table | None) -> dict[str, Any]:
    """Draws the upload and the choice of columns, and returns the fields of `BOUND`. Raises SettingsError while there is no usable table."""
    _upload(place, key)
    sha256 = (place.text_input("SHA-256 of the table", start.sha256 if start else "", key=f"{key}.sha256", bind="query-params") or "").strip().lower()
    if not sha256:
        raise NextStep("data: upload your table, as CSV or Parquet")
    try:
        columns = _columns(sha256)
    except DataError as error:
        raise SettingsError(f"data: {error}") from error
    target = _target(place, key, columns, start)
    drop = _drop(place, key, columns[columns["column"] != target], start)
    return {"path": "", "sha256": sha256, "target": target, "drop": tuple(drop)}


def refuse_paths(given: Any) -> None:
    """Raises SettingsError where a table is named by a path on this machine: what a browser sends must not choose a file here."""
    if isinstance(given, Mapping):
        if given.get("path") and not given.get("sha256"):
            raise SettingsError("data.path: the dashboard opens no files by their path; upload the table in the sidebar, or give its sha256")
        refuse_paths(list(given.values()))
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for item in given:
            refuse_paths(item)


def _upload(place: DeltaGenerator, key: str) -> None:
    """What was uploaded is kept when the upload arrives, so that its hash can go into its own widget before that is drawn."""
    place.file_uploader(
        "Your table",
        type=["csv", "parquet"],
        key=f"{key}.file",
        on_change=_keep,
        args=(key,),
        help="CSV with a header line, or Parquet; it is kept in the data folder under the hash of its bytes.",
    )
    if problem := st.session_state.get(f"{key}.problem"):
        place.error(plain(problem))


def _keep(key: str) -> None:
    file = st.session_state[f"{key}.file"]
    st.session_state[f"{key}.problem"] = ""
    if file is None:
        return
    try:
        st.session_state[f"{key}.sha256"] = keep_table(file.getvalue(), tables_folder(), file.name, LIMITS)
    except DataError as error:
        st.session_state[f"{key}.problem"] = str(error)


@st.cache_data(max_entries=16, show_spinner=False)
def _columns(sha256: str) -> pd.DataFrame:
    """What the columns hold; the bytes under a hash never change."""
    return describe_table(sha256)


def _target(place: DeltaGenerator, key: str, columns: pd.DataFrame, start: Table | None) -> str:
    names = list(columns["column"])
    index = names.index(start.target) if start and start.target in names else None
    target = place.selectbox(
        "Target", names, index=index, placeholder="The column to predict", key=f"{key}.target", help="The column to predict.", bind="query-params"
    )
    if target is None:
        raise NextStep("data.target: choose the column to predict")
    return str(target)


def _drop(place: DeltaGenerator, key: str, features: pd.DataFrame, start: Table | None) -> list[str]:
    names = list(features["column"])
    begin = [name for name in start.drop if name in names] if start else []
    drop: list[str] = place.multiselect(
        "Leave out", names, default=begin, key=f"{key}.drop", help="Columns that are not used, such as names and dates.", bind="query-params"
    )
    unusable = [name for name in features.loc[features["kind"].isin(UNUSABLE), "column"] if name not in drop]
    if unusable:
        place.button("Leave out what is no number or category", key=f"{key}.clean", on_click=_leave_out, args=(f"{key}.drop", [*drop, *unusable]))
        raise SettingsError(f"data.drop: only numbers and categories can be features, unlike {', '.join(unusable)}; leave them out")
    return drop


def _leave_out(key: str, names: list[str]) -> None:
    st.session_state[key] = names
