"""The connection to the store's database: reading, writing, and making the tables. All code for one SQL dialect is here.

Writers take turns: in SQLite by BEGIN IMMEDIATE, in PostgreSQL by an advisory lock. So the numbers from `write_number` have the order of
the commits, and a reader who has seen number n has seen all earlier numbers.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateColumn

from core.runs.store.schema import SCHEMA_VERSION, meta, metadata

BUSY_SECONDS = 30
POSTGRES_LOCK = 0x7A4DE3
DIALECTS = ("sqlite", "postgresql")
PASSING_STATES = ("08", "57P", "53300", "40001", "40P01", "55P03")
"""SQLSTATEs of PostgreSQL: no connection, shutting down or starting up, too many connections, and conflicts with others."""


class StoreError(RuntimeError):
    """The store cannot be used; the message says which store, why, and what to do."""


class StoreFailedError(StoreError):
    """The database failed after it was opened, for example because the disk is full or the file is damaged. The message says how."""


class StoreLostError(StoreFailedError):
    """The database does not answer at the moment: it was restarted, or another process holds it. Waiting may help."""


class StoreValueError(StoreFailedError):
    """The database cannot store a value, usually because it is too large."""


IN_WORDS = {StoreFailedError: "cannot be used", StoreLostError: "does not answer just now", StoreValueError: "cannot keep a value"}


class Database:
    """A database with the store's tables, which are made if they are missing."""

    def __init__(self, url: str | URL) -> None:
        """Opens the database; several processes may do so at once. Raises StoreError."""
        self.url = _parsed(url)
        self.shown_url = self.url.render_as_string(hide_password=True)
        with self._failure_in_words():
            self.engine = _engine(self.url)
            # All queries of a reader must see the same moment of the database; in SQLite every transaction does.
            snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
            self._reading = self.engine.execution_options(**snapshot)
            self._writing = self.engine.execution_options(writes=True)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    @contextmanager
    def _failure_in_words(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            raise StoreError(f"the store {self.shown_url} needs a driver that is not installed: pip install {error.name}") from error
        except StoreFailedError as error:
            if not isinstance(error.__cause__, DBAPIError):  # the database is open, and its content is wrong
                raise
            raise StoreError(f"{error} Another can be given by TANDEM_STORE.") from error
        except (OSError, DBAPIError, ArgumentError) as error:
            reason = _reason(error)
            raise StoreError(f"the store {self.shown_url} cannot be opened: {reason}. Another can be given by TANDEM_STORE.") from error

    @contextmanager
    def _failure_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            kind = StoreValueError if isinstance(error, DataError) else StoreLostError if _may_pass(error) else StoreFailedError
            raise kind(f"the store {self.shown_url} {IN_WORDS[kind]}: {_reason(error)}.") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store."""
        with self._failure_told(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that no other writer shares: committed at the end, rolled back on an exception."""
        with self._failure_told(), self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def _prepare(self) -> None:
        if self._layout() == _fingerprint():
            return
        if self.url.get_backend_name() == "sqlite":
            _set_wal(self.engine)
        with self.writing() as connection:
            _check_version(connection, self.shown_url)
            metadata.create_all(connection)
            _add_missing_columns(connection)
            remember(connection, "schema", str(SCHEMA_VERSION))
            remember(connection, "layout", _fingerprint())
            put(connection, meta, [{"name": "writes", "value": "0"}], ["name"], replace=False)

    def _layout(self) -> str | None:
        """The value of `_fingerprint` when the tables were last made or extended."""
        with self.reading() as connection:
            if not inspect(connection).has_table(meta.name):
                return None
            _check_version(connection, self.shown_url)
            return connection.scalar(select(meta.c.value).where(meta.c.name == "layout"))


def _reason(error: Exception) -> str:
    """The first line of the driver's message; PostgreSQL quotes the statement in the other lines."""
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _may_pass(error: DBAPIError) -> bool:
    """Whether waiting may help: the connection was lost or refused, or another process holds a lock."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return error.connection_invalidated or state.startswith(PASSING_STATES)


def write_number(connection: Connection) -> int:
    """The next number, for all rows of one transaction. Raises StoreFailedError."""
    number = _integer("writes", connection.scalar(select(meta.c.value).where(meta.c.name == "writes"))) + 1
    connection.execute(update(meta).where(meta.c.name == "writes").values(value=str(number)))
    return number


def _integer(name: str, text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError as error:
        raise StoreFailedError(f"the store is damaged: its number `meta.{name}` is {str(text)[:40]!r}.") from error


def remember(connection: Connection, name: str, value: str) -> None:
    """Sets a value in the table `meta`."""
    put(connection, meta, [{"name": name, "value": value}], ["name"])


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str], *, replace: bool = True) -> None:
    """Inserts rows. If a key exists, its row is replaced, or left unchanged without `replace`."""
    if not rows:
        return
    statement: Any = _insert(connection, table)
    if not replace:
        connection.execute(statement.on_conflict_do_nothing(index_elements=list(key)), list(rows))
        return
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed), list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() in DIALECTS:
            parsed.get_dialect()
            return parsed
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            f"the store {str(url)!r} is not a database URL; examples: sqlite:////home/me/tandem.db, postgresql://host/name"
        ) from error
    raise StoreError(f"a store in {parsed.get_backend_name()} is not supported; use a URL that begins with sqlite:// or postgresql://")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    memory = url.database in (None, "", ":memory:")
    if not memory:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    place: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **place)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE, so `_begin_sqlite` sends it
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a crash of the process loses nothing
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_wal(engine: Engine) -> None:
    """Sets WAL mode, in which readers and the writer do not wait for each other; the file keeps it. Another process may do this at the
    same time.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except engine.dialect.loaded_dbapi.OperationalError:  # "database is locked", which the busy timeout does not cover here
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _check_version(connection: Connection, shown_url: str) -> None:
    if not inspect(connection).has_table(meta.name):
        return
    found = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
    if found is not None and _integer("schema", found) > SCHEMA_VERSION:
        raise StoreError(
            f"the store {shown_url} was made by a newer Tandem (schema {found}; this one knows {SCHEMA_VERSION}). "
            "Upgrade Tandem, or choose another store by TANDEM_STORE."
        )


def _fingerprint() -> str:
    """A hash that changes when a column is added."""
    names = sorted(f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns)
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:16]


def _add_missing_columns(connection: Connection) -> None:
    """Adds the columns of new measures to tables made before them; older rows have no value there."""
    inspector = inspect(connection)
    quoted = connection.dialect.identifier_preparer.format_table
    for table in metadata.sorted_tables:
        present = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} ADD COLUMN {definition}")
