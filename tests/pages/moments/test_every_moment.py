"""Every page, and every tab of it, at every moment of a comparison that grows, ends well, ends badly, or never was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.runs.store import Store
from core.ui.shell import HOME
from tests.pages.conftest import TITLES
from tests.pages.moments.drawn import Drawn, draw, faults
from tests.pages.moments.timeline import MOMENTS
from tests.pages.moments.views import View, Views


@pytest.fixture(scope="session")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    return Views(tmp_path_factory.mktemp("views"))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("path", [HOME, *TITLES])
def test_a_page_shows_what_there_is(views: Views, home: Path, monkeypatch: pytest.MonkeyPatch, path: str, moment: str):
    found = {}
    for number, view in enumerate(views.of(path, moment)):
        with a_store(home / str(number), monkeypatch) as store:
            MOMENTS[moment](view.stage(store))
            if wrong := faults(draw(path, view.query), failed=moment.startswith("failed")):
                found[view.name] = wrong
    assert not found


@pytest.mark.parametrize("path", TITLES)
def test_a_page_shows_every_metric(views: Views, home: Path, monkeypatch: pytest.MonkeyPatch, path: str):
    found = {}
    for number, view in enumerate(views.of(path, "half")):
        with a_store(home / str(number), monkeypatch) as store:
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


@contextmanager
def a_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store in a data folder of its own, in which the pages look."""
    folder.mkdir(parents=True)
    monkeypatch.setenv("TANDEM_HOME", str(folder))
    store = Store(f"sqlite:///{folder / 'tandem.db'}")
    yield store
    store.close()
