from __future__ import annotations

import multiprocessing
import sqlite3
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from core.runs.compare import compare
from core.runs.store import Store, database
from core.runs.store.database import Database, StoreError, put, write_number
from core.runs.store.schema import SCHEMA_VERSION, comparisons, meta, metadata
from tests.runs.helpers import Bench, comparison

WRITERS, WRITES = 4, 25


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def write_often(url: str, writer: int) -> list[int]:
    """Opens the store, which may not be there yet, and writes one comparison after the other."""
    store = Store(url)
    numbers = []
    for write in range(WRITES):
        store.request(comparison(0.1 + writer, 0.2 + write), "run")
        with store.database.writing() as connection:
            numbers.append(write_number(connection))
    store.close()
    return numbers


def test_processes_that_open_and_write_at_once_lose_nothing(url):
    with ProcessPoolExecutor(WRITERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = list(pool.map(write_often, [url] * WRITERS, range(WRITERS)))
    every = [number for part in numbers for number in part]
    assert len(set(every)) == WRITERS * WRITES
    assert all(part == sorted(part) for part in numbers)
    store = Store(url)
    assert store.count() == WRITERS * WRITES
    store.close()


def test_a_store_is_in_wal_mode_from_the_beginning(url):
    Store(url).close()
    with sqlite3.connect(file_of(url)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_an_exception_takes_back_the_whole_transaction(store):
    def write_half() -> None:
        with store.database.writing() as connection:
            put(connection, meta, [{"name": "half", "value": "written"}], ["name"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    with store.database.reading() as connection:
        assert connection.scalar(select(meta.c.value).where(meta.c.name == "half")) is None


def test_a_reader_sees_one_moment_while_another_writes(store):
    with store.database.reading() as reader:
        before = reader.execute(select(comparisons.c.id)).all()
        store.request(comparison(0.1), "run")
        assert reader.execute(select(comparisons.c.id)).all() == before
    assert store.count() == 1


def test_a_store_of_a_newer_version_is_refused(url):
    store = Store(url)
    with store.database.writing() as connection:
        database.remember(connection, "schema", str(SCHEMA_VERSION + 1))
    store.close()
    with pytest.raises(StoreError, match=rf"newer Tandem \(schema {SCHEMA_VERSION + 1}; this one knows {SCHEMA_VERSION}\)"):
        Store(url)


def test_a_store_made_before_a_measure_was_added_gets_its_column(url):
    store = Store(url)
    store.request(comparison(0.1), "run")
    with store.database.writing() as connection:
        database.remember(connection, "layout", "that of an earlier version")
        connection.exec_driver_sql("ALTER TABLE history DROP COLUMN dead_fraction")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN last_dead_fraction")
    store.close()
    store = Store(url)
    assert store.runs(comparison(0.1).id)["last_dead_fraction"].isna().tolist() == [True, True]
    Bench(store).finish(comparison(0.1).id)
    assert store.history(comparison(0.1).id)[0]["dead_fraction"].notna().all()
    store.close()


def test_a_store_made_before_predictions_were_kept_opens_and_keeps_them_from_then_on(url):
    few = comparison(0.1)
    store = Store(url)
    compare(few, store=store, progress=False)
    with store.database.writing() as connection:
        database.remember(connection, "layout", "that of an earlier version")
        connection.exec_driver_sql("DROP TABLE predictions")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN test_rmse")
    store.close()
    store = Store(url)
    assert store.predictions(few).empty
    assert store.runs(few)["test_accuracy"].notna().all()
    more = comparison(0.1, 0.01)
    compare(more, store=store, progress=False)
    assert store.predictions(more)["variant"].unique().tolist() == ["lr=0.01"], "the others are stored, and never trained again"
    store.close()


def test_a_store_made_before_rewinds_were_recorded_gets_their_table(url):
    store = Store(url)
    with store.database.writing() as connection:
        database.remember(connection, "layout", "that of an earlier version")
        connection.exec_driver_sql("DROP TABLE before_rewind")
    store.close()
    store = Store(url)
    rewound = comparison(0.1, seeds=1, pruning={"kind": "magnitude", "epochs": [1, 2], "rewind": 0})
    compare(rewound, store=store, progress=False)
    assert list(store.history(rewound)[0]["moment"]) == ["", "before rewind", "", "before rewind", "", ""]
    store.delete(rewound.id)
    with store.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM before_rewind").scalar() == 0
    store.close()


def test_what_is_no_database_is_refused_and_left_as_it_is(url):
    file_of(url).parent.mkdir()
    file_of(url).write_text("a letter to my aunt, not a database, and long enough to be read as the head of one" * 3)
    with pytest.raises(StoreError, match="not a database"):
        Store(url)
    assert file_of(url).read_text().startswith("a letter to my aunt")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/tandem\.db cannot be opened"):
        Store(f"sqlite:///{tmp_path}/file/tandem.db")


@pytest.mark.parametrize(
    ("url", "message"),
    [("tandem.db", "not a database URL"), ("mysql://host/name", "not supported"), ("nosuch://host/name", "not supported")],
)
def test_a_url_that_is_none_or_of_another_database_is_refused(url, message):
    with pytest.raises(StoreError, match=message):
        Database(url)


def test_a_password_is_not_shown():
    with pytest.raises(StoreError) as raised:
        Database("sqlite://me:secret@host/name")
    assert "secret" not in str(raised.value)
    assert "host/name" in str(raised.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="pip install psycopg"):
        Database("postgresql+psycopg://me:secret@host/name")


def test_every_table_can_be_made_in_postgresql():
    made = {table.name: str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in metadata.sorted_tables}
    assert "BYTEA" in made["weights"]
    assert "DOUBLE PRECISION" in made["history"]
    assert not [statement for statement in made.values() if "ROWID" in statement or "AUTOINCREMENT" in statement]


def test_putting_replaces_or_leaves_what_is_there(store):
    with store.database.writing() as connection:
        connection.execute(insert(meta).values(name="a", value="1"))
        put(connection, meta, [{"name": "a", "value": "2"}, {"name": "b", "value": "2"}], ["name"], replace=False)
        put(connection, meta, [{"name": "b", "value": "3"}, {"name": "c", "value": "3"}], ["name"])
        found = dict(connection.execute(select(meta.c.name, meta.c.value).where(meta.c.name.in_(["a", "b", "c"]))).all())
    assert found == {"a": "1", "b": "3", "c": "3"}
