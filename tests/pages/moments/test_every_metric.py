"""Every page, and every tab of it, by every metric that it offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.conftest import TITLES
from tests.pages.moments.conftest import Stores
from tests.pages.moments.drawn import Drawn, draw, faults
from tests.pages.moments.timeline import MOMENTS
from tests.pages.moments.views import View, Views


@pytest.mark.parametrize("path", TITLES)
def test_a_page_shows_every_metric(views: Views, home: Path, a_store: Stores, path: str):
    found = {}
    for view in views.of(path, "half"):
        with a_store() as store:
            MOMENTS["everything at once"](view.stage(store))
            found |= {f"{view.name}, {metric}": wrong for metric, app in by_metric(view) if (wrong := faults(app))}
    assert not found


def by_metric(view: View) -> Iterator[tuple[str, Drawn]]:
    """The view with every other metric that it offers, by the last value of each run and by the best."""
    drawn = draw(view.path, view.query)
    for box in [box for box in drawn.app.main.selectbox if box.key.endswith(".metric")]:
        for place, metric in enumerate(box.options[1:]):
            at = ("last", "best")[place % 2]
            key = box.key.removesuffix("metric") + "at"
            yield metric, draw(view.path, {**view.query, box.key: metric, key: at})
