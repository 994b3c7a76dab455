"""What fails in a database after it was opened is told in one sentence, without SQL; one that does not answer is waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from core.__main__ import main
from core.runs import runner
from core.runs.computing.executors import InlineExecutor, Pool
from core.runs.store import Store, StoreFailedError, StoreLostError, database
from core.runs.store.schema import metadata
from tests.runs.helpers import STEPS_PER_EPOCH, Bench, comparison, pretend, running, until

STORED, NEW = comparison(0.1), comparison(0.2, training={"epochs": 30})


def settled(file: Path) -> None:
    """Moves all that was written into the file itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.fixture
def file(home: Path) -> Path:
    """The file of the default store, with a finished comparison in it."""
    file = home / "tandem.db"
    store = Store(f"sqlite:///{file}")
    bench = Bench(store)
    bench.finish(store.request(STORED, "run"))
    bench.runner.lease.release()
    store.close()
    settled(file)
    return file


def damage(file: Path, table: str) -> None:
    """Overwrites the first page of a table."""
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size)
        opened.write(bytes([255]) * size)


@contextmanager
def full_disk(pages: int) -> Iterator[None]:
    """Every connection made meanwhile may let its file grow by a few pages only."""

    def limit(connection, _record) -> None:
        (present,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {present + pages}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def set_meta(file: Path, name: str, value: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = ?", [value, name])


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status of a command and the one line that it says, if any."""
    status = main(arguments)
    said = capsys.readouterr().err
    assert len(said.splitlines()) <= 1, said
    assert not [word for word in ("SELECT", "INSERT", "UPDATE", "sqlalche", "Traceback") if word in said], said
    return status, said


@pytest.fixture
def compare(file: Path, tmp_path: Path) -> tuple[str, ...]:
    """The command that trains a comparison that is not stored yet."""
    (tmp_path / "new.toml").write_text(NEW.to_toml())
    return "compare", str(tmp_path / "new.toml"), "--out", str(tmp_path / "out"), "--store", f"sqlite:///{file}", "--workers", "1"


OF_THE_QUESTIONS = {"guesses", "verdicts"}
"""Tables that none of these commands reads."""


@pytest.mark.parametrize("table", [table.name for table in metadata.sorted_tables if table.name not in {"meta", *OF_THE_QUESTIONS}])
def test_whatever_table_is_damaged_no_command_says_more_than_a_sentence(file, tmp_path, compare, capsys, table):
    damage(file, table)
    export = ("runs", "export", STORED.id, "--out", str(tmp_path / "out"))
    statuses = [told(capsys, *command) for command in (("runs", "list"), export, compare, ("runs", "delete", STORED.id))]
    assert any(status == 1 and "malformed" in said for status, said in statuses), statuses
    assert all(status == 0 or (status == 1 and said) for status, said in statuses), statuses


def test_a_full_disk_ends_a_comparison_in_a_sentence_and_it_goes_on_when_there_is_room(compare, capsys):
    with full_disk(pages=8):
        status, said = told(capsys, *compare)
    assert (status, "full" in said) == (1, True), said
    assert main(compare) == 0


@pytest.mark.parametrize("name", ["schema", "writes"])
@pytest.mark.parametrize("value", ["abc", "", "1.5"])
def test_numbers_of_the_store_that_are_none_are_named(file, compare, capsys, name, value):
    set_meta(file, name, value)
    set_meta(file, "layout", "another, so that the version is looked at")
    status, said = told(capsys, *compare)
    assert status == 1
    assert f"meta.{name}" in said


def test_a_store_says_why_nothing_can_be_written(file):
    with closing(Store(f"sqlite:///{file}")) as store:
        assert store.complaint() == ""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM")
    with full_disk(pages=0), closing(Store(f"sqlite:///{file}")) as store:
        assert "full" in store.complaint()


@pytest.mark.parametrize("table", ["history", "stacks"])
def test_a_runner_ends_with_a_sentence_where_waiting_does_not_help(file, table):
    with closing(Store(f"sqlite:///{file}")) as store:
        store.request(NEW, "run")
    settled(file)
    damage(file, table)
    with closing(Store(f"sqlite:///{file}")) as store, pytest.raises(StoreFailedError, match="malformed"):
        Bench(store).finish(NEW.id)


def test_a_runner_waits_for_a_database_that_another_process_holds_and_goes_on(file, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(runner, "RETRY_SECONDS", 0.05)
    waited = []
    monkeypatch.setattr(runner.log, "warning", lambda text, *values: waited.append(text % values))
    with closing(Store(f"sqlite:///{file}")) as store, closing(Store(f"sqlite:///{file}")) as asking:
        asking.request(NEW, "pause")
        with running(store, Pool.around(InlineExecutor()), compute=pretend), closing(sqlite3.connect(file, isolation_level=None)) as other:
            until(lambda: asking.progress(NEW.id).pending is None, "the runner")
            asking.request(NEW.id, "resume")
            other.execute("BEGIN IMMEDIATE")
            until(lambda: len(waited) > 2, "several tries")
            with pytest.raises(StoreLostError, match="locked"):
                asking.request(NEW.id, "pause")
            other.execute("ROLLBACK")
            until(lambda: asking.progress(NEW.id).state == "finished", "the end")
        assert asking.history(NEW.id)[0]["step"].tolist() == [epoch * STEPS_PER_EPOCH for epoch in range(31)] * 2
