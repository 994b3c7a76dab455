"""Every page that compares, with two references: what is said of a variant is what is said where it stands with its own alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pandas import DataFrame

from core.comparison import Comparison, settings_without
from core.runs.compare import compare
from core.runs.store import Store
from core.settings import RunSettings
from core.ui.form import links, varied
from tests.pages.conftest import TITLES
from tests.pages.moments.drawn import Drawn, Query, draw
from tests.pages.moments.views import smaller

OTHER, SPLIT, OTHER_SPLIT = " (other)", "data.split_seed", 7
NAMED_BY = ("variant", "curve")
"""Columns that say what a row of a table is about."""
MOST = 3
"""Variants of each half."""


def halves(comparison: Comparison) -> tuple[Comparison, Comparison, Comparison]:
    """A few of a comparison's variants, the same on data that are split otherwise, and both together: with two of each reference."""
    small = smaller(comparison)
    names = small.names if len(small.names) <= MOST else [*small.names[: MOST - 1], small.names[-1]]
    one: list[dict[str, Any]] = [{"name": name, **varied.differences(small.base, small.settings[name])} for name in names]
    two = [variant | {"name": variant["name"] + OTHER, SPLIT: OTHER_SPLIT} for variant in one]

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


def variants(drawn: Drawn) -> dict[str, RunSettings]:
    """The settings of every variant that the page follows, by name: it gives the same one another name where it stands beside others."""
    return {name: run for followed in drawn.followed for name, run in followed.settings.items()}


def sentences(drawn: Drawn) -> set[str]:
    """What the page says in words, each part between semicolons by itself, with the key of a run in place of a variant's name."""
    main, runs = drawn.app.main, variants(drawn)
    texts = [str(element.value).lstrip("#").replace("\\", "") for element in (*main.markdown, *main.caption, *main.info)]
    for name in sorted(runs, key=len, reverse=True):  # a name may stand within a longer one
        texts = [re.sub(rf"“?(?<![\w-]){re.escape(name)}(?![\w-])”?", f"[{runs[name].key}]", text) for text in texts]
    return {part.strip() for text in texts for part in text.split(";")}


def misplaced(both: Drawn, alone: Mapping[bool, Drawn]) -> Iterator[str]:
    """Sentences about one half that this half by itself does not say, and those that hold a variant against the other half's reference."""
    runs = variants(both)
    half = {run.key: run.data.split_seed == OTHER_SPLIT for run in runs.values()}
    alike = {(settings_without(run, [SPLIT]), half[run.key]): run.key for run in runs.values()}
    twins = {run.key: alike.get((settings_without(run, [SPLIT]), not half[run.key])) for run in runs.values()}
    told = [row for row in rows(both).values() if runs.keys() >= {row.get("variant"), row.get("counterpart")}]
    wrong = {(runs[row["variant"]].key, twins[runs[row["counterpart"]].key]) for row in told}
    said = {other: "\n".join(sentences(drawn)) for other, drawn in alone.items()}
    for sentence in sentences(both):
        about = half.keys() & set(re.findall(r"\[(\w+)\]", sentence))
        halves = {half[key] for key in about}
        if (len(halves) == 1 and sentence not in said[halves.pop()]) or any(set(pair) <= about for pair in wrong):
            yield sentence


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
        drawn, alone = draw(path, both), {False: draw(path, first), True: draw(path, second)}
        together = rows(drawn)
        for half in alone.values():
            for place, row in rows(half).items():
                if place in together:
                    seen += 1
                    wrong |= {(*tab.values(), *place): cells} if (cells := unlike(row, together[place])) else {}
        wrong |= {(*tab.values(), sentence): {} for sentence in misplaced(drawn, alone)}
    store.close()
    assert not wrong
    assert seen or not asked, "no table says anything of a variant"
