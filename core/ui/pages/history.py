"""The history of comparisons: find, open, name, export, delete."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.comparison import Comparison
from core.export.bundle import zip_bytes
from core.questions.catalogue import comparison_ids
from core.runs.result import FILES, Result
from core.runs.store import Store
from core.runs.store.frames import STATES
from core.settings import SettingsError
from core.ui import errors, service
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.results.standing import COLOURS, OUTDATED, ago
from core.ui.results.words import count

PAGE = "runs"
ROWS = 10
EVERY = 2.0
"""Seconds between two looks while a comparison in the list is running."""
ANY = "all"
NAME_LENGTH, NOTE_LENGTH = 80, 2_000

Row = dict[Any, Any]


def history() -> None:
    """The whole list with its search; it follows running comparisons."""
    errors.with_store(_history)


def _history() -> None:
    store = service.store()
    search, state, without = _filters()
    if store.count() == 0:
        _empty("Nothing has been compared yet", "Your comparisons are listed here, and no run is ever trained twice.")
        return
    pages = math.ceil(store.count(search, state, without) / ROWS)
    if pages == 0 and without and not search and state is None:
        _empty("No comparison of your own yet", "The comparisons of questions are hidden. The switch above shows them.")
        return
    if pages == 0:
        hidden = " Those of questions are hidden." if without else ""
        _empty("No comparison matches", f"The search covers names, notes and settings. Try fewer words, or all states.{hidden}")
        return
    place = st.container()
    page = st.pagination(pages, key=f"{PAGE}.page", bind="query-params") if pages > 1 else 1
    with place:
        _follow(store, search, state, page, without)


def _filters() -> tuple[str, str | None, frozenset[str]]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        search = st.text_input(
            "Search",
            key=f"{PAGE}.search",
            bind="query-params",
            icon=":material/search:",
            width=320,
            placeholder="name, note or setting, such as adam",
        )
        state = st.pills("State", (ANY, *STATES), default=ANY, required=True, key=f"{PAGE}.state", bind="query-params", wrap=True)
        shown = st.toggle(
            "Also of questions", key=f"{PAGE}.questions", bind="query-params", help="Also shows the comparisons of questions."
        )
    without = frozenset() if shown else comparison_ids()
    return search.strip(), None if state in (ANY, None) else state, without


def _empty(heading: str, text: str) -> None:
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(f"#### {heading}", width="content")
        st.caption(text, width="content")
        st.page_link(links.COMPARE, label="Go to Compare", icon=":material/arrow_forward:", width="content")
        st.space("small")


def _follow(store: Store, search: str, state: str | None, page: int, without: frozenset[str]) -> None:
    """The rows of one page of the list, read again while one of them is running."""

    def rows() -> list[Row]:
        return store.comparisons(search, state, limit=ROWS, offset=(page - 1) * ROWS, without=without).to_dict("records")

    every = EVERY if _on_its_way(rows()) else None

    @st.fragment(run_every=every)
    def body() -> None:
        errors.with_store(look)

    def look() -> None:
        found = rows()
        if every and not _on_its_way(found):
            st.rerun()
        for row in found:
            with errors.shown("This comparison cannot be shown"):
                _row(store, row)

    body()


def _on_its_way(rows: list[Row]) -> bool:
    return any(row["state"] in ("queued", "running") for row in rows)


def _row(store: Store, row: Row) -> None:
    key = f"{PAGE}.{row['id']}"
    with st.container(border=True, key=f"{key}.row"):
        what, standing, actions = st.columns([5, 3, 3], vertical_alignment="center")
        comparison = _opened(str(row["spec"]))
        with what.container(gap="xsmall"):
            _name(row, comparison)
        with standing.container(gap="xsmall"):
            _standing(row)
        with actions.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            _actions(store, row, comparison, key)


@st.cache_data(show_spinner=False, max_entries=500)
def _query(spec: str) -> links.Query:
    """The query of the link that opens a comparison; computing one takes some milliseconds."""
    return links.query_for("compare", Comparison.from_json(spec))


def _opened(spec: str) -> links.Query | None:
    """The same, but None for a comparison of another version, whose settings are no longer valid."""
    try:
        return _query(spec)
    except SettingsError:
        return None


def _name(row: Row, query: links.Query | None) -> None:
    if query is not None:
        st.page_link(links.COMPARE, label=f"**{escaped(str(row['name']))}**", icon=":material/compare_arrows:", query_params=query)
    else:
        st.markdown(f"**{escaped(str(row['name']))}** :gray[(made by another version; this one cannot open it)]")
    st.caption(f"{count(int(row['variants']), 'variant')} · {count(int(row['runs']), 'run')} · {ago(row['created'])}")
    if row["outdated"]:
        st.caption(OUTDATED)
    if row["note"]:
        st.text(str(row["note"]))


def _standing(row: Row) -> None:
    done = row["epochs_done"] / row["epochs_total"] if row["epochs_total"] else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        state = str(row["state"])
        st.badge(state, color=COLOURS.get(state, "gray"))  # type: ignore[arg-type]
        diverged = f", {row['diverged']} diverged" if row["diverged"] else ""
        st.caption(f"{row['runs_done']} of {row['runs']} runs{diverged}", width="content")
    if state in ("queued", "running", "paused"):
        st.progress(min(max(done, 0.0), 1.0))
    if row["message"]:
        st.caption(escaped(str(row["message"])))


def _actions(store: Store, row: Row, query: links.Query | None, key: str) -> None:
    if st.button("Edit", key=f"{key}.edit", icon=":material/edit:", type="tertiary", help="Name and note"):
        _edit(store, row)
    st.download_button(
        "Export",
        lambda: _bundle(store, str(row["id"])),
        file_name=f"comparison-{row['id']}.zip",
        mime="application/zip",
        key=f"{key}.export",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        disabled=query is None or not row["epochs_done"],
        help=f"{', '.join(FILES)}, as a zip",
    )
    if st.button("Delete", key=f"{key}.delete", icon=":material/delete:", type="tertiary", help="Asks for confirmation"):
        _delete(store, row)


def _bundle(store: Store, comparison_id: str) -> bytes:
    return zip_bytes(Result.stored(store, comparison_id).files())


@st.dialog("Name and note", icon=":material/edit:")
def _edit(store: Store, row: Row) -> None:
    name = st.text_input("Name", row["name"], max_chars=NAME_LENGTH, key=f"{PAGE}.new_name")
    note = st.text_area(
        "Note", row["note"], max_chars=NOTE_LENGTH, key=f"{PAGE}.new_note", placeholder="What was this for? What was the result?"
    )
    if st.button("Save", type="primary", key=f"{PAGE}.save", disabled=not name.strip()):
        with errors.shown("The name and note could not be saved"):
            store.rename(row["id"], name.strip())
            store.note(row["id"], note.strip())
            st.rerun()


@st.dialog("Delete this comparison?", icon=":material/delete:")
def _delete(store: Store, row: Row) -> None:
    st.text(str(row["name"]))
    with errors.shown("The comparison cannot be deleted"):
        alone = len(store.would_delete(row["id"]).runs)
        shared = int(row["runs"]) - alone
        kept = f" {count(shared, 'run')} that other comparisons also use will stay." if shared else ""
        st.markdown(f"{count(alone, 'run')} that only this comparison uses will be deleted too, and cannot be restored.{kept}")
        if row["state"] in ("queued", "running", "paused"):
            st.warning("It has not finished; its training will be stopped.")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Keep it", key=f"{PAGE}.keep"):
                st.rerun()
            if st.button("Delete", type="primary", key=f"{PAGE}.really"):
                store.delete(row["id"])
                st.rerun()
