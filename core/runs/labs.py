"""What labs found, kept in the store as frames by their keys: what is stored is not computed again."""

from __future__ import annotations

import io

import pandas as pd
from pandas import DataFrame
from sqlalchemy import select

from core.runs.database import put
from core.runs.schema import labs
from core.runs.store import Store


def stored(store: Store, key: str) -> tuple[DataFrame, float] | None:
    """The frame of a lab, and the seconds that it took; None where it was not computed yet."""
    with store.database.reading() as connection:
        row = connection.execute(select(labs.c.frame, labs.c.seconds).where(labs.c.key == key)).one_or_none()
    return None if row is None else (pd.read_parquet(io.BytesIO(row.frame)), float(row.seconds))


def keep(store: Store, key: str, name: str, frame: DataFrame, seconds: float) -> None:
    """Stores the frame of a lab, in the place of an earlier one."""
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    with store.database.writing() as connection:
        put(connection, labs, [{"key": key, "name": name, "frame": content.getvalue(), "seconds": seconds}], ["key"])
