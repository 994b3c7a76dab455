"""Data that must be downloaded: a page says what would be fetched and from where, and fetches nothing before a click."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.data.files import LIMITS
from core.data.sets import OpenMl, openml
from core.data.sets.base import DataChoice
from core.data.tables import tables_folder
from core.ui import errors


def ask_first(page: str, wanted: Iterable[DataChoice]) -> None:
    """Returns at once if all data are on this machine. Otherwise lists the missing data, offers to fetch them, and ends this run of the
    page.

    A link may name any data set of OpenML, so opening it must not send a request to anybody.
    """
    folder = tables_folder().parent
    needed = {data.data_id: data for data in wanted if isinstance(data, OpenMl)}
    missing = [data for number, data in needed.items() if not openml.is_kept(number, folder)]
    for data in missing:
        _ask(page, data)
    if missing:
        st.stop()


def _ask(page: str, data: OpenMl) -> None:
    address = f"https://www.openml.org/d/{data.data_id}"
    with st.container(border=True, gap="small"):
        st.markdown(f"#### OpenML data set {data.data_id} is not on this machine yet")
        st.markdown(
            f"Nothing has been downloaded so far. The button downloads its description and its table from [{address}]({address}) and keeps "
            f"both in the data folder, so that this is needed only once. A table of more than {LIMITS.rows:,} rows or {LIMITS.columns:,} "
            "columns "
            "is refused before the download. Check the number, because a link can name any data set."
        )
        if st.button(f"Download data set {data.data_id}", key=f"{page}.download.openml.{data.data_id}", icon=":material/download:"):
            with errors.shown(f"Data set {data.data_id} could not be fetched"), st.spinner("Downloading from OpenML …"):
                openml.fetch(data.data_id, data.target, tables_folder().parent)
                st.rerun()
