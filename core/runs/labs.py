"""Requested labs and their results: frames by their keys. A stored result is not computed again.

A lab is a function of `core.labs` that returns a frame, identified by its name and arguments. The dashboard and the command line request
it; the runner has a worker compute it.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple

import pandas as pd
from pandas import DataFrame
from sqlalchemy import Connection, select, update

from core.runs.store import Store
from core.runs.store.database import put
from core.runs.store.schema import labs

State = Literal["new", "queued", "paused", "running", "finished", "failed"]
ROOM = "core.labs."
"""Only functions in this package are called, whatever the store says."""


class LabError(RuntimeError):
    """A name that is not a lab's."""


class Job(NamedTuple):
    """A lab to be computed."""

    key: str
    name: str
    arguments: dict[str, Any]


class Standing(NamedTuple):
    """The state of a lab, and why it failed."""

    state: State
    message: str = ""


def ask(store: Store, key: str, name: str, arguments: Mapping[str, Any]) -> None:
    """Requests a lab, unless it is computed or requested already."""
    with store.database.writing() as connection:
        if _standing(connection, [key]).get(key, Standing("new")).state in ("queued", "running", "finished"):
            return
        row = {"key": key, "name": name, "arguments": json.dumps(dict(arguments)), "state": "queued", "asked": time.time()}
        put(connection, labs, [row | {"message": "", "frame": None, "seconds": 0.0}], ["key"])


def pause(store: Store, keys: Sequence[str]) -> None:
    """Pauses the labs that have not begun, until they are requested again."""
    with store.database.writing() as connection:
        connection.execute(update(labs).where(labs.c.key.in_(keys), labs.c.state == "queued").values(state="paused"))


def standing(store: Store, keys: Sequence[str]) -> dict[str, Standing]:
    """The state of each lab; `new` for one that was never requested."""
    with store.database.reading() as connection:
        known = _standing(connection, keys)
    return {key: known.get(key, Standing("new")) for key in keys}


def _standing(connection: Connection, keys: Sequence[str]) -> dict[str, Standing]:
    rows = connection.execute(select(labs.c.key, labs.c.state, labs.c.message).where(labs.c.key.in_(keys)))
    return {row.key: Standing(row.state, row.message) for row in rows}


def found(store: Store, key: str) -> tuple[DataFrame, float] | None:
    """The frame of a lab, and the seconds that it took on one core; None if there is none yet."""
    with store.database.reading() as connection:
        row = connection.execute(select(labs.c.frame, labs.c.seconds).where(labs.c.key == key, labs.c.state == "finished")).one_or_none()
    return None if row is None else (pd.read_parquet(io.BytesIO(row.frame)), float(row.seconds))


def take(connection: Connection) -> Job | None:
    """The lab that was requested first, and marks it as running; None if there is none."""
    row = connection.execute(select(labs).where(labs.c.state == "queued").order_by(labs.c.asked).limit(1)).one_or_none()
    if row is None:
        return None
    connection.execute(update(labs).where(labs.c.key == row.key).values(state="running"))
    return Job(row.key, row.name, json.loads(row.arguments))


def take_back(connection: Connection) -> None:
    """Queues again the labs that an ended runner left running."""
    connection.execute(update(labs).where(labs.c.state == "running").values(state="queued"))


def keep(connection: Connection, key: str, content: bytes, seconds: float) -> None:
    """Stores the result of a lab."""
    connection.execute(update(labs).where(labs.c.key == key).values(state="finished", frame=content, seconds=seconds))


def fail(connection: Connection, key: str, message: str) -> None:
    """Stores that the lab could not be computed."""
    connection.execute(update(labs).where(labs.c.key == key).values(state="failed", message=message))


def compute(name: str, arguments: dict[str, Any]) -> tuple[bytes, float]:
    """In a worker: the frame as Parquet, and the seconds that it took on one core. Raises LabError for a name that is not a lab's."""
    module, _, function = name.rpartition(".")
    if not module.startswith(ROOM):
        raise LabError(f"{name} is not a lab")
    lab = getattr(import_module(module), function)
    began = time.process_time()
    frame: DataFrame = lab(**arguments)
    seconds = time.process_time() - began
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue(), seconds
