"""How the dashboard reports errors: what went wrong, where, and what to do."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import streamlit as st

from core.data.examples import DataError
from core.runs.configuration import ConfigurationError, LimitError
from core.runs.store import StoreError, StoreFailedError, StoreLostError, UnknownComparisonError
from core.settings import SettingsError
from core.ui import service
from core.ui.markdown import escaped

EXPECTED = (SettingsError, DataError, StoreError, UnknownComparisonError, ConfigurationError, LimitError)
"""Errors whose message is written for the user."""

MOST_LINES = 8
RETRY_SECONDS = 3.0
"""Seconds between two tries to reach a store that does not answer."""
LONGEST_REASON = 500  # characters
LOG = logging.getLogger(__name__)


@contextmanager
def shown(what: str = "This part of the page could not be drawn") -> Iterator[None]:
    """Shows an exception of the body in the body's place and continues after it; `what` is the heading of the message."""
    try:
        yield
    except EXPECTED as error:
        st.error(as_list(str(error).splitlines()), title=what)
    except Exception as error:
        LOG.exception(what)
        reason = escaped(str(error)[:LONGEST_REASON] or type(error).__name__)
        st.error(f"{reason}\n\nReload the page to try again; no stored result is lost.", title=what)
        with st.expander("Details, for a report of this error"):
            st.code("".join(traceback.format_exception(error)), language=None)


def with_store(draw: Callable[[], None]) -> None:
    """Calls `draw`. If the store fails, it shows the error instead, and draws the page again as soon as the store answers."""
    try:
        draw()
    except StoreError as error:
        st.error(as_list([str(error)]), title="The store cannot be used")
        if isinstance(error, StoreLostError) or not isinstance(error, StoreFailedError):
            st.caption("All stored results are safe. This page continues by itself as soon as the store answers.")
            _draw_again_when_it_answers()


@st.fragment(run_every=RETRY_SECONDS)
def _draw_again_when_it_answers() -> None:
    with contextlib.suppress(StoreError):
        service.store().count()
        st.rerun()


def stop(what: str, problems: Sequence[str], steps: Sequence[str] = ()) -> NoReturn:
    """Says what cannot be done and why, with one line for each reason, or what is still to be chosen, and ends this run of the page."""
    if problems:
        st.error(as_list(problems), title=what)
    else:
        st.info(as_list(steps), title="Still to be chosen, in the sidebar")
    st.stop()


def as_list(lines: Sequence[str]) -> str:
    """Lines as Markdown that shows them literally."""
    shown_lines = [escaped(line) for line in dict.fromkeys(lines)]
    if len(shown_lines) > MOST_LINES:
        shown_lines = [*shown_lines[:MOST_LINES], f"and {len(shown_lines) - MOST_LINES} more"]
    return "  \n".join(shown_lines)
