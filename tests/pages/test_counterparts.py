"""Every page that compares, with two references: what is said of a variant is what is said where it stands with its own alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pandas import DataFrame

from core.comparison import Comparison
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.form import links, varied
from tests.pages.conftest import TITLES
from tests.pages.moments.drawn import Drawn, Query, draw
from tests.pages.moments.views import smaller

OTHER = " (other)"
NAMED_BY = ("variant", "curve")
"""Columns that say what a row of a table is about."""
MOST = 3
"""Variants of each half."""


def halves(comparison: Comparison) -> tuple[Comparison, Comparison, Comparison]:
    """A few of a comparison's variants, the same on data that are split otherwise, and both together: with two of each reference."""
    small = smaller(comparison)
    names = small.names if len(small.names) <= MOST else [*small.names[: MOST - 1], small.names[-1]]
    one: list[dict[str, Any]] = [{"name": name, **varied.differences(small.base, small.settings[name])} for name in names]
    two = [variant | {"name": variant["name"] + OTHER, "data.split_seed": 7} for variant in one]

    def of(variants: list[dict[str, Any]]) -> Comparison:
        return Comparison.load({"base": small.base, "variants": variants, "seeds": small.seeds})

    return of(one), of(two), of(one + two)


def queries(path: str, tab: Query) -> list[Query]:
    """The page with each half of the comparison that it begins with, and with both; none where it has no form."""
    opened = draw(path, tab)
    parts = [(page, start, halves(start)) for page, start, _ in opened.forms]
    return [
        {**tab, **{key: value for page, start, made in parts for key, value in links.query_for(page, made[which], start).items()}}
        for which in range(3)
        if parts
    ]


def rows(drawn: Drawn) -> dict[tuple[str, str], dict[str, Any]]:
    """What the page's tables say of each variant: (the table's columns for short, the variant) -> its row."""
    found = {}
    for table in drawn.app.dataframe:
        frame: DataFrame = table.value
        of = next((name for name in NAMED_BY if name in frame), None)
        if of is not None:
            found |= {(" ".join(map(str, frame.columns[:3])), str(row[of])): row for row in frame.to_dict("records")}
    return found


def unlike(alone: dict[str, Any], together: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The cells that are not the same."""
    shared = [name for name in alone if name in together and name != "counterpart"]
    return {name: (alone[name], together[name]) for name in shared if repr(alone[name]) != repr(together[name])}


def tabs(path: str) -> list[Query]:
    return [{}, *({key: label} for key, label in draw(path, {}).tabs())]


@pytest.mark.parametrize("path", TITLES)
def test_what_is_said_of_a_variant_does_not_depend_on_what_else_is_compared(home: Path, monkeypatch: pytest.MonkeyPatch, path: str):
    home.mkdir(parents=True)
    store = Store(f"sqlite:///{home / 'tandem.db'}")
    wrong, seen, asked = {}, 0, []
    for tab in tabs(path):
        if not (asked := queries(path, tab)):
            continue
        first, second, both = asked
        for followed in draw(path, both).followed + draw(path, first).followed + draw(path, second).followed:
            compare(followed, store=store, progress=False)
        together = rows(draw(path, both))
        for half in (first, second):
            for place, row in rows(draw(path, half)).items():
                if place in together:
                    seen += 1
                    wrong |= {(*tab.values(), *place): cells} if (cells := unlike(row, together[place])) else {}
    store.close()
    assert not wrong
    assert seen or not asked, "no table says anything of a variant"
