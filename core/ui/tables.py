"""A user's own table in the sidebar: the upload, the column to predict, the columns to leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.examples import DataError
from core.data.sets import Table
from core.data.tables import Limits, describe_table, keep_table, name_of, tables_folder
from core.settings import SettingsError
from core.ui import service
from core.ui.fields import plain

UNUSABLE = ("text", "unusable")
OWN = ("path", "sha256", "target", "drop")
"""The fields of a table that are drawn here; the others are drawn like those of any data set."""


NO_PATHS = "no file is opened by its path here; upload the table in the sidebar, or give its sha256"


class NextStep(SettingsError):
    """Nothing is wrong yet: something is still to be chosen."""


def draw(place: DeltaGenerator, key: str, start: Table | None) -> dict[str, Any]:
    """Draws the upload and the choice of columns, and returns the fields of `OWN`. Raises SettingsError while no table can be used."""
    _upload(place, key)
    sha256 = place.text_input("SHA-256 of the table", start.sha256 if start else "", key=f"{key}.sha256", bind="query-params") or ""
    if not sha256.strip():
        raise NextStep("data: upload your table, as CSV or Parquet")
    if name := name_of(sha256.strip().lower()):
        place.caption(f"In use: {plain(name)}")
    try:
        columns = _columns(sha256.strip().lower())
    except DataError as error:
        raise SettingsError(f"data: {error}") from error
    target = _target(place, key, list(columns["column"]), start)
    drop = _drop(place, key, columns[columns["column"] != target], start)
    return {"path": "", "sha256": sha256.strip().lower(), "target": target, "drop": tuple(drop)}


def without_paths(given: Any) -> Any:
    """A copy of plain settings whose tables are named by their hashes alone: what a browser sends must not choose a file here.

    Raises SettingsError for a table that has no hash, and for an override of a table's path.
    """
    if isinstance(given, Mapping):
        if "data.path" in given:
            raise SettingsError(f"data.path: {NO_PATHS}")
        path = given.get("kind") == "table" and given.get("path")
        if path and not given.get("sha256"):
            raise SettingsError(f"data.path: {NO_PATHS}")
        return {name: without_paths(value) for name, value in given.items() if not (path and name == "path")}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [without_paths(item) for item in given]
    return given


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
        limits = Limits(bytes=service.configuration().max_upload_bytes)
        st.session_state[f"{key}.sha256"] = keep_table(file.getvalue(), tables_folder(), file.name, limits)
    except DataError as error:
        st.session_state[f"{key}.problem"] = str(error)


@st.cache_data(max_entries=16, show_spinner=False)
def _columns(sha256: str) -> pd.DataFrame:
    """What the columns hold; the bytes under a hash never change."""
    return describe_table(sha256)


def _target(place: DeltaGenerator, key: str, names: list[str], start: Table | None) -> str:
    index = names.index(start.target) if start and start.target in names else None
    common = {"placeholder": "The column to predict", "help": "The column to predict."}
    target = place.selectbox("Target", names, index, key=f"{key}.target", bind="query-params", **common)  # type: ignore[call-overload]
    if target is None:
        raise NextStep("data.target: choose the column to predict")
    return str(target)


def _drop(place: DeltaGenerator, key: str, features: pd.DataFrame, start: Table | None) -> list[str]:
    names = list(features["column"])
    begin = [name for name in start.drop if name in names] if start else []
    about = "Columns that are not used, such as names and dates."
    drop = list(place.multiselect("Leave out", names, begin, key=f"{key}.drop", help=about, bind="query-params"))
    unusable = [name for name in features.loc[features["kind"].isin(UNUSABLE), "column"] if name not in drop]
    if unusable:
        all_out = (f"{key}.drop", [*drop, *unusable])
        place.button("Leave out what is no number or category", key=f"{key}.clean", on_click=_leave_out, args=all_out)
        listed = ", ".join(map(repr, unusable))
        raise SettingsError(f"data.drop: only numbers and categories can be features, unlike {listed}; leave them out")
    return drop


def _leave_out(key: str, names: list[str]) -> None:
    st.session_state[key] = names
