"""Verdicts on questions, kept so that a list of them reads no histories. They can be computed again from what is stored."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from core.runs.store import Store
from core.runs.store.database import put
from core.runs.store.schema import verdicts


def known(store: Store) -> dict[str, tuple[str, dict[str, Any]]]:
    """(key, row) of each question that has a verdict."""
    with store.database.reading() as connection:
        return {found.question: (found.key, json.loads(found.row)) for found in connection.execute(select(verdicts))}


def keep(store: Store, question: str, key: str, row: dict[str, Any]) -> None:
    """Stores a verdict, and replaces an earlier one."""
    with store.database.writing() as connection:
        put(connection, verdicts, [{"question": question, "key": key, "row": json.dumps(row)}], ["question"])
