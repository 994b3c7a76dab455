"""Pages drawn without a browser, what is wrong with them, and what they show: their tabs, and the comparisons that they follow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.questions.catalogue import questions
from core.runs import child
from core.ui.form import forms, links
from core.ui.results import live
from core.ui.shell import HOME
from tests.pages.conftest import ROOT, TITLES

Query = Mapping[str, str | list[str]]

NUMBERS_GONE_WRONG = re.compile(r"(?<![\w/])(nan|NaN|NaT|inf|-inf|Infinity|None%?)(?![\w-])(?! of these| yet\b)")
"""What Python writes for a number that is none; "None of these" is a sentence."""

FAILED = "The training failed"

QUESTION = "pages/question.py"
"""Its title is the question that it shows."""


@dataclass
class Drawn:
    """A page as it was drawn: its elements, the form's (page, start, comparison), and the comparisons it followed."""

    app: AppTest
    forms: list[tuple[str, Comparison, Comparison]] = field(default_factory=list)
    followed: list[Comparison] = field(default_factory=list)

    def tabs(self) -> Iterator[tuple[str, str]]:
        """(key in the URL, label) of every tab that is not open at first."""
        for block in self.app.get("tab_container"):
            told = block.proto.tab_container
            yield from ((told.query_param_key, label) for label in _labels(block) if label != told.default_tab_label)

    def open_tabs(self) -> list[str]:
        """What the outermost tabs that are open show, element by element; nothing where there are no tabs."""
        first = next(iter(self.app.get("tab_container")), None)
        elements = [] if first is None else [element for tab in first.children.values() for element in _elements(tab)]
        return [str(getattr(element, "proto", "")) for element in elements]


def _elements(block: Any) -> Iterator[Any]:
    for inner in getattr(block, "children", {}).values():
        yield inner
        yield from _elements(inner)


def _labels(block: object) -> list[str]:
    return [tab.label for tab in block.children.values()]  # type: ignore[attr-defined]


def draw(path: str, query: Query) -> Drawn:
    """Draws a page cold. It must be that page."""
    app = AppTest.from_file(ROOT / HOME, default_timeout=100)
    if path != HOME:
        app.switch_page(path)
    for name, value in query.items():
        app.query_params[name] = value
    drawn = Drawn(app)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(child, "ensure_runner", lambda configuration: None)
        patched.setattr(forms, "comparison", _noting(forms.comparison, drawn))
        patched.setattr(live, "reader", _following(live.reader, drawn))
        app.run()
    titles = [title.value for title in app.title]
    expected = [question.text for question in questions().values()] if path == QUESTION else [TITLES.get(path)]
    assert path == HOME or app.exception or (len(titles) == 1 and titles[0] in expected), f"{path} was not opened, but {titles}"
    return drawn


def _noting(original, drawn: Drawn):
    def comparison(page: str, start: Comparison, vary=()) -> Comparison:
        asked = original(page, start, vary)
        drawn.forms.append((page, start, asked))
        return asked

    return comparison


def _following(original, drawn: Drawn):
    def reader(comparison: Comparison):
        if comparison.id not in {other.id for other in drawn.followed}:
            drawn.followed.append(comparison)
        return original(comparison)

    return reader


def faults(drawn: Drawn, *, failed: bool = False) -> list[str]:
    """What is wrong with a page: exceptions, errors (but for the one that says why a training failed), numbers that are none."""
    app, main = drawn.app, drawn.app.main
    found = [f"exception: {shown.value}" for shown in app.exception]
    found += [f"error: {shown.value}" for shown in app.error if not (failed and shown.proto.title == FAILED)]
    found += [f"text: {text}" for text in _texts(main) if NUMBERS_GONE_WRONG.search(text)]
    found += [fault for table in app.dataframe for fault in _table_faults(table)]
    return found + [fault for chart in app.get("vega_lite_chart") for fault in _chart_faults(chart.proto)]


def _texts(main) -> list[str]:
    """What the page beside its form says; the form's help is prose, in which "None" is a choice."""
    told = [element.value for element in (*main.markdown, *main.caption, *main.text, *main.subheader, *main.header, *main.title)]
    told += [element.value for element in (*main.info, *main.warning)]
    told += [value for metric in main.metric for value in (metric.value, metric.delta)]
    told += [element.proto.text for element in main.get("progress")]
    return told + [link.proto.label for link in main.get("page_link")]


def _table_faults(table) -> list[str]:
    frame, said = table.value, table.proto.placeholder
    columns = [str(name) for name in frame.columns if frame[name].isna().any()]
    found = [f"table {table.proto.id}: None is written into {columns}"] if columns and not said else []
    endless = [str(name) for name in frame.select_dtypes("number") if np.isinf(frame[name].to_numpy(dtype=float)).any()]
    return found + ([f"table {table.proto.id}: an infinite number in {endless}"] if endless else [])


def _chart_faults(proto) -> list[str]:
    found: list[str] = []
    spec = json.loads(proto.spec, parse_constant=lambda name: found.append(f"chart: {name} in its specification"))
    told = [spec.get("description", ""), json.dumps(spec.get("title", "")), json.dumps(spec.get("encoding", {}))]
    found += [f"chart: {text}" for text in told if NUMBERS_GONE_WRONG.search(text)]
    for dataset in proto.datasets:
        frame = pa.ipc.open_stream(dataset.data.data).read_pandas()
        found += [f"chart: {name} of {dataset.name} is infinite: {spec.get('description')}" for name in frame if _endless(frame[name])]
    return found


def _endless(column: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(column) and bool(np.isinf(column).any())


def query_for(drawn: Drawn, smaller: Mapping[str, Comparison]) -> dict[str, str | list[str]]:
    """The query that opens the page with a smaller comparison in each of its forms."""
    query: dict[str, str | list[str]] = {}
    for page, start, _ in drawn.forms:
        query |= links.query_for(page, smaller[page], start)
    return query
