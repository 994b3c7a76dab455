"""Links to a comparison: the query that makes a page's form show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.choices.base import Choice
from core.comparison import MAX_VARIED, Comparison
from core.data.sets.fetched import Table
from core.experiments.home import DEFAULT
from core.settings import RunSettings, SettingsError
from core.ui.form import fields, tables, varied, widgets
from core.ui.form.values import as_number
from core.ui.form.varied import NOTHING, Varied

Query = dict[str, str | list[str]]

COMPARE = "pages/compare.py"
ASKED_BY = "from"
"""The part of the address that names the question that leads to a comparison (`25`), or its variation (`25.1`)."""


def query_for(page: str, comparison: Comparison, start: Comparison = DEFAULT, asked_by: str = "") -> Query:
    """The query with which `page`, whose form starts with `start`, shows `comparison`.

    asked_by: the question that leads there, or its variation.

    What varies is written as crossed settings, or as named variants if crossing would not give the same comparison.
    """
    asked = varied.of(comparison)
    if not _same(comparison, asked):
        asked = varied.in_names(comparison)
    query: Query = {f"{page}.open": comparison.id}
    if asked_by:
        query[ASKED_BY] = asked_by
    query |= _settings(RunSettings, comparison.base, start.base, page)
    return query | _varied(page, asked)


def open_afresh(page: str) -> None:
    """When a link to a comparison is opened: resets the page's form, since the link does not mention every setting.

    A number or a text that the link mentions is set: the browser keeps what its field held, also when its key is gone.
    """
    if f"{page}.open" not in st.query_params:
        return
    for key in [str(key) for key in st.session_state if str(key).startswith(f"{page}.")]:
        held = st.session_state[key]
        said = _read(st.query_params.get(key), held)
        if said is None:
            del st.session_state[key]
        elif said != held:  # a tab that is drawn already holds what the link says, and cannot be set any more
            st.session_state[key] = said
    del st.query_params[f"{page}.open"]


def _read(text: str | None, held: Any) -> str | float | None:
    """What a link says for a field that holds a number or a text; None if it says nothing, or the field holds something else."""
    if text is None or isinstance(held, str):
        return text
    if isinstance(held, bool) or not isinstance(held, int | float) or not math.isfinite(as_number(text)):
        return None
    return type(held)(as_number(text))


def ignored(page: str, asked: Mapping[str, str]) -> dict[str, str]:
    """The values in the query `asked` that the page's widgets did not accept: these widgets hold another value."""
    drawn = {key: text for key, text in asked.items() if key.startswith(f"{page}.") and key in st.session_state}
    return {key: text for key, text in drawn.items() if key not in st.query_params and not _holds(st.session_state[key], text)}


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == text.lower()
    if isinstance(value, int | float):
        return as_number(text) == value
    return isinstance(value, list) or value == text


def _same(comparison: Comparison, asked: Varied) -> bool:
    try:
        return Comparison.load({"base": comparison.base, **asked.read(comparison.base)}).id == comparison.id
    except SettingsError:
        return False


def _settings(cls: type[Choice], value: Choice, start: Choice | None, key: str) -> Query:
    """The settings that differ from the form's initial state, by widget."""
    query: Query = {}
    for name, info in fields.leaves(cls):
        default = info.default if start is None else getattr(start, name)
        query |= _setting(cls, name, getattr(value, name), default, f"{key}.{name}")
    return query


def _setting(owner: type[Choice], name: str, value: Any, default: Any, key: str) -> Query:
    if not isinstance(value, Choice):
        picked = owner is Table and name in tables.PICKED
        return {} if value == default else {key: list(value) if picked else _text(owner, name, value)}
    same_kind = isinstance(default, type(value))
    if fields.group(owner, name):
        return _settings(type(value), value, default, key)
    inner = _settings(type(value), value, default if same_kind else None, f"{key}.{value.kind}")  # type: ignore[attr-defined]
    return inner if same_kind else {key: value.kind, **inner}  # type: ignore[attr-defined]


def _text(owner: type[Choice], name: str, value: Any) -> str:
    """A value as its widget writes it into the URL."""
    held = widgets.held(owner, name, value)
    return held if isinstance(held, str) else str(held).lower() if isinstance(held, bool) else repr(held)


def _varied(page: str, asked: Varied) -> Query:
    query: Query = {f"{page}.mode": asked.mode, f"{page}.seeds": asked.seeds}
    if asked.mode == "named variants":
        return query | {f"{page}.variants": asked.named}
    for number, (path, texts) in enumerate(asked.crossed.items(), start=1):
        query |= {f"{page}.vary{number}": path, f"{page}.vary{number}.{path}": texts}
    if len(asked.crossed) < MAX_VARIED:
        query[f"{page}.vary{len(asked.crossed) + 1}"] = NOTHING
    return query
