"""A store of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the store will be; its folder is not there yet."""
    return f"sqlite:///{tmp_path / 'data' / 'tandem.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    store = Store(url)
    yield store
    store.close()
