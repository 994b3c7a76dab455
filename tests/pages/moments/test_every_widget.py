"""Every widget of every page, found by opening it with results: it is in the URL, where what makes no sense breaks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.form import links
from tests.pages.conftest import TITLES, Open
from tests.pages.moments.conftest import Stores
from tests.pages.moments.drawn import Drawn, draw
from tests.pages.moments.timeline import MOMENTS
from tests.pages.moments.views import FIRST, View, Views

NONSENSE = ["<script>alert(1)</script>", "nan", "-1", "1e999", "", "9" * 40, "../../etc/passwd", "'; DROP TABLE runs; --", "🙂" * 50]
KEPT_ELSEWHERE = re.compile(r"\.time$|question\.\w+\.(guess|now)|questions\.search")
"""Networks are timed on request, not by an address; a guess is kept in the store, and no address gives the answer away; a search of the
questions is over when one has been opened."""
STORE_FAILED = "nothing that was stored is lost."
"""How the message ends that the store failed."""


def widgets(block: Any) -> Iterator[Any]:
    """What stands in a block and holds a value that an address can say: (its key, and what it is called there, or nothing)."""
    for inner in getattr(block, "children", {}).values():
        proto = getattr(inner, "proto", None)
        proto = proto.tab_container if hasattr(proto, "tab_container") and proto.HasField("tab_container") else proto
        if getattr(proto, "id", "") and hasattr(proto, "query_param_key"):
            yield proto.id.split("-", 2)[-1], proto.query_param_key
        yield from widgets(inner)


def in_the_address(block: Any) -> list[str]:
    return [said for _, said in widgets(block) if said]


def looked_at(views: Views, path: str) -> list[View]:
    """Those of a page that show results; all of a page that shows none of a comparison."""
    return views.of(path, "finished") or views.of(path, FIRST)


def finished(view: View, a_store: Stores, **more: str) -> Drawn:
    """The view once its comparison has ended, with more in its address."""
    with a_store() as store:
        MOMENTS["finished"](view.stage(store))
        return draw(view.path, {**view.query, **more})


class Widgets(NamedTuple):
    """All widgets of a page, and those beside its form: (key, what it is called in the address, or nothing)."""

    all: list[tuple[str, str]]
    main: list[tuple[str, str]]


_PLAIN: dict[tuple[str, str], Widgets] = {}


def plain(view: View, a_store: Stores) -> Widgets:
    """The widgets of a view as it is; drawn once for all tests."""
    name = view.path, view.name
    if name not in _PLAIN:
        app = finished(view, a_store).app
        _PLAIN[name] = Widgets(list(widgets(app._tree)), list(widgets(app.main)))
    return _PLAIN[name]


def broken(app: AppTest) -> list[str]:
    """What went wrong, but for what a form or a field refuses in words."""
    refused = [shown.value for shown in app.error if not shown.value.endswith(STORE_FAILED)]
    return [shown.value for shown in (*app.exception, *app.error) if shown.value not in refused]


@pytest.mark.parametrize("path", TITLES)
def test_every_widget_is_in_the_url(views: Views, a_store: Stores, path: str):
    found = [key for view in looked_at(views, path) for key, said in plain(view, a_store).all if not said]
    assert [key for key in found if not KEPT_ELSEWHERE.search(key)] == []


@pytest.mark.parametrize("path", TITLES)
def test_nonsense_in_the_url_breaks_nothing(views: Views, a_store: Stores, open_page: Open, path: str):
    """Said of everything on the page at once, to each something else. A form may refuse it in words; nothing else may go wrong."""
    view = looked_at(views, path)[0]
    keys = [said for _, said in plain(view, a_store).all if said]
    for first in (0, 3, 6):
        said = {key: NONSENSE[(first + place) % len(NONSENSE)] for place, key in enumerate(keys)}
        with a_store() as store:
            MOMENTS["finished"](view.stage(store))
            assert broken(open_page(path, {**view.query, **said}, errors=True)) == [], first


@pytest.mark.parametrize("path", TITLES)
def test_nonsense_beside_the_form_breaks_nothing_in_any_tab(views: Views, a_store: Stores, path: str):
    for number, view in enumerate(looked_at(views, path)):
        keys = {said for _, said in plain(view, a_store).main if said} - set(view.query)
        drawn = finished(view, a_store, **dict.fromkeys(keys, NONSENSE[number % len(NONSENSE)]))
        assert broken(drawn.app) == [], view.name


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_in_the_view_leaves_the_view_as_it_begins(views: Views, a_store: Stores, value: str):
    view = views.of(links.COMPARE, "finished")[0]
    plain = finished(view, a_store)
    keys = {key for key in in_the_address(plain.app.main) if value or not key.endswith(".show")}  # nothing chosen there is a choice
    assert len(keys) >= 6
    app = finished(view, a_store, **dict.fromkeys(keys, value)).app
    assert [chart.proto.spec for chart in app.get("vega_lite_chart")] == [chart.proto.spec for chart in plain.app.get("vega_lite_chart")]
    assert app.dataframe[0].value.drop(columns="curve").equals(plain.app.dataframe[0].value.drop(columns="curve"))
