"""Views of the pages, and stores to draw them from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from core.runs.store import Store
from tests.pages.moments.views import Views

Stores = Callable[[], AbstractContextManager[Store]]


@pytest.fixture(scope="session")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    base = tmp_path_factory.getbasetemp()
    return Views(tmp_path_factory.mktemp("views"), base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture
def a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """An empty store in a data folder of its own, in which the pages look; each call gives another."""
    folders = (tmp_path / f"store{number}" for number in range(1000))

    @contextmanager
    def opened() -> Iterator[Store]:
        folder = next(folders)
        folder.mkdir(parents=True)
        monkeypatch.setenv("TANDEM_HOME", str(folder))
        store = Store(f"sqlite:///{folder / 'tandem.db'}")
        yield store
        store.close()

    return opened
