"""A store of each test's own, on SQLite; in the modules named here on PostgreSQL, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs.store import Store
from tests.runs import servers

ON_BOTH = ("test_store", "test_ledger", "test_lease", "test_members", "test_runner", "test_plans", "test_killed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever uses a store runs once a database that it is to run on."""
    if "dialect" in metafunc.fixturenames:
        both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH
        metafunc.parametrize("dialect", ["sqlite", "postgresql"] if both else ["sqlite"], scope="session")


@pytest.fixture(scope="session")
def server() -> Iterator[servers.Postgres]:
    """The PostgreSQL server of this session."""
    with servers.postgres() as server:
        yield server


@pytest.fixture
def url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where the store will be; nothing is there yet."""
    if dialect == "postgresql":
        return request.getfixturevalue("server").new_database()
    return f"sqlite:///{tmp_path / 'data' / 'tandem.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    store = Store(url)
    yield store
    store.close()
