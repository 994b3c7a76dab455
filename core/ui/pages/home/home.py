"""The parts of the home page."""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from core.choices.words.refusals import SettingsError, read_toml
from core.comparison import Comparison
from core.experiments import home as offers
from core.ui import errors, service
from core.ui.form import links, tables
from core.ui.markdown import escaped
from core.ui.results.standing import COLOURS, OUTDATED, ago
from core.ui.shell import PAGES

PAGE = "compare"
MOST_RECENT = 8
LARGEST_FILE = 1_000_000  # bytes


def introduction() -> None:
    """Two entries: the questions, and one click to a comparison."""
    runs = len(offers.DEFAULT.runs())
    with st.container(horizontal=True, gap="small"):
        if st.button("Practise interview questions", type="primary", icon=":material/quiz:", key="home.ask"):
            st.switch_page("pages/questions.py")
        compared = st.button("Compare five optimizers now", icon=":material/play_arrow:", key="home.start")
    if compared:
        with errors.shown("The comparison could not be started"):
            service.store().request(offers.DEFAULT, "run")
            _go(offers.DEFAULT)
    st.caption(
        "Questions: what interviewers ask about training networks; guess, see it measured here, read why. Compare: "
        f"{', '.join(offers.DEFAULT.names)} on handwritten digits, {runs} runs, a few seconds; then change any setting."
    )


def examples() -> None:
    """Comparisons that are known to work or to fail, with the reasons."""
    st.subheader("Worth a look", anchor=False)
    with st.container(key="examples"):
        for row in range(0, len(offers.EXPERIMENTS), 2):
            for column, offered in zip(st.columns(2), offers.EXPERIMENTS[row : row + 2], strict=False):
                with column.container(border=True, height="stretch", gap="xxsmall"):
                    _link(offered.title, offered.comparison)
                    st.markdown(escaped(offered.look))


def pages() -> None:
    """The other pages, each with one line of description."""
    st.subheader("All pages", anchor=False)
    with st.container(key="pages"):
        grid = st.grid(3, min_column_width=300, gap="small")
        for page in (page for page in PAGES if page.listed):
            with grid.cell(), st.container(gap=None):
                st.page_link(page.path, label=f"**{page.title}**", icon=page.icon)
                st.caption(page.about)


def recent() -> None:
    """The latest comparisons in the store, each as a link; those of questions are included."""
    st.subheader("Recent comparisons", anchor=False)
    errors.with_store(_list_recent)


def _list_recent() -> None:
    store = service.store()
    found = store.comparisons(limit=MOST_RECENT, without=_of_questions() if store.count() else ())
    if found.empty:
        st.caption("None yet. Comparisons are kept here, and no run is ever trained twice.")
    with st.container(key="recent", gap="xsmall"):
        for row in found.to_dict("records"):
            _recent(row)


def _of_questions() -> frozenset[str]:
    """The comparisons that questions ask for. To know them all questions are imported, which takes about a second, once."""
    from core.questions.catalogue import comparison_ids

    return comparison_ids()


def open_file() -> None:
    """A comparison from a TOML file or text."""
    st.subheader("Open a comparison file", anchor=False)
    file = st.file_uploader(
        "A comparison.toml", type=["toml"], key="home.file", help="A file that was exported from a comparison, or written by hand."
    )
    with st.expander("or paste it", type="compact"):
        text = st.text_area("TOML", key="home.toml", placeholder='seeds = 5\n\n[vary]\noptimizer = ["sgd", "adam"]', height=160)
    if st.button("Open", key="home.open", disabled=not (file or text.strip())):
        with errors.shown("This file is not a comparison"):
            _go(_from_file(file.getvalue()) if file else from_text(text))


def from_text(text: str) -> Comparison:
    """The comparison in a TOML text. Raises SettingsError, also if it names a table only by a path on this machine."""
    return Comparison.load(tables.without_paths(read_toml(text)))


def _from_file(content: bytes) -> Comparison:
    if len(content) > LARGEST_FILE:
        raise SettingsError(f"the file has {len(content):,} bytes; a comparison file may have at most {LARGEST_FILE:,}")
    try:
        return from_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError("the file is not UTF-8 text") from error


def _go(comparison: Comparison) -> NoReturn:
    st.switch_page(links.COMPARE, query_params=links.query_for(PAGE, comparison))


def _link(label: str, comparison: Comparison) -> None:
    query = links.query_for(PAGE, comparison)
    st.page_link(links.COMPARE, label=f"**{escaped(label)}**", icon=":material/arrow_forward:", icon_position="right", query_params=query)


def _recent(row: dict[Any, Any]) -> None:
    state = str(row["state"])
    with st.container(gap=None):
        try:
            _link(str(row["name"]), Comparison.from_json(row["spec"]))
        except SettingsError:
            st.markdown(f"{escaped(str(row['name']))} :gray[(made by another version; this one cannot open it)]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(state, color=COLOURS.get(state, "gray"))  # type: ignore[arg-type]
            st.caption(_standing(row), width="content")
        if row["outdated"]:
            st.caption(OUTDATED)


def _standing(row: dict[Any, Any]) -> str:
    diverged = f", {row['diverged']} diverged" if row["diverged"] else ""
    return f"{row['runs_done']} of {row['runs']} runs{diverged} · {ago(row['created'])}"
