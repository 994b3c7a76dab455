"""Labs on a page: requested from the runner as soon as the controls change, and drawn as their frames arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st
from pandas import DataFrame

from core.experiments.claims.claim import Lab
from core.runs import labs
from core.runs.store import Store
from core.ui import errors, service
from core.ui.markdown import escaped

EVERY = 0.5
"""Seconds between two looks while something is being computed."""


class Found(NamedTuple):
    """The stored results of a page's labs: their frames by name, in order, the names of those being computed, and why others failed.

    recorded: the names of labs whose frames are shipped with Tandem.
    """

    frames: dict[str, DataFrame]
    waiting: list[str]
    problems: list[str]
    recorded: tuple[str, ...] = ()


def follow(page: str, wanted: Mapping[str, Lab], draw: Callable[[Found], None]) -> None:
    """Requests what is not stored, and calls `draw` with what is stored: now, and again when frames arrive.

    Labs that the same reader requested on this page before with other settings, and that have not begun, are no longer waited for.
    """
    errors.with_store(lambda: _follow(page, wanted, draw))


def _follow(page: str, wanted: Mapping[str, Lab], draw: Callable[[Found], None]) -> None:
    store = service.store()
    _ask(page, wanted, store)
    active = bool(_look(wanted, store).waiting)

    @st.fragment(run_every=EVERY if active else None)
    def body() -> None:
        errors.with_store(look)

    def look() -> None:
        found = _look(wanted, store)
        if bool(found.waiting) != active:
            st.rerun()
        if found.problems:
            _failed(page, wanted, found, store)
        draw(found)

    body()


def _ask(page: str, wanted: Mapping[str, Lab], store: Store) -> None:
    """Failed labs are not requested again, because they would fail again. Recorded labs need not be computed."""
    keys = [lab.key for lab in wanted.values()]
    former = set(st.session_state.get(f"labs-of.{page}", [])) - set(keys)
    st.session_state[f"labs-of.{page}"] = keys
    if former:
        labs.pause(store, sorted(former))
    known = labs.standing(store, keys)
    for lab in wanted.values():
        if known[lab.key].state in ("new", "paused") and service.recorded_frame(lab.key) is None:
            labs.ask(store, lab.key, lab.name, lab.arguments)


def _look(wanted: Mapping[str, Lab], store: Store) -> Found:
    known = labs.standing(store, [lab.key for lab in wanted.values()])
    stored = {name: _frame(store.url, lab.key, store) for name, lab in wanted.items() if known[lab.key].state == "finished"}
    recorded = {
        name: frame for name, lab in wanted.items() if name not in stored and (frame := service.recorded_frame(lab.key)) is not None
    }
    frames = {name: (stored | recorded)[name] for name in wanted if name in stored or name in recorded}
    missing = {name: known[lab.key] for name, lab in wanted.items() if name not in frames}
    waiting = [name for name, standing in missing.items() if standing.state in ("queued", "running")]
    return Found(frames, waiting, [standing.message for standing in missing.values() if standing.state == "failed"], tuple(recorded))


@st.cache_data(show_spinner=False, max_entries=200)
def _frame(_url: str, key: str, _store: Store) -> DataFrame:
    found = labs.found(_store, key)
    return DataFrame() if found is None else found[0]


def _failed(page: str, wanted: Mapping[str, Lab], found: Found, store: Store) -> None:
    st.error(escaped("; ".join(dict.fromkeys(found.problems))), title="This could not be computed")
    if st.button("Try again", key=f"{page}.again"):
        for name, lab in wanted.items():
            if name not in found.frames:
                labs.ask(store, lab.key, lab.name, lab.arguments)
        st.rerun()
