"""The user's guesses before a question's answer was shown, kept in the store."""

from __future__ import annotations

import time

from sqlalchemy import delete, select

from core.runs.store import Store
from core.runs.store.database import put
from core.runs.store.schema import guesses

SHOWN = -1
"""The answer was shown without a guess."""


def known(store: Store, since: float = 0.0) -> dict[str, int]:
    """The guessed option (counted from 0), or `SHOWN`, by question; only guesses made after `since`, in seconds since 1970."""
    asked = select(guesses.c.question, guesses.c.option).where(guesses.c.at >= since)
    with store.database.reading() as connection:
        return {row.question: row.option for row in connection.execute(asked)}


def keep(store: Store, question: str, option: int) -> None:
    """Stores a guess, and replaces an earlier one."""
    with store.database.writing() as connection:
        put(connection, guesses, [{"question": question, "option": option, "at": time.time()}], ["question"])


def forget(store: Store, question: str) -> None:
    """Deletes a guess, as if the question had never been seen."""
    with store.database.writing() as connection:
        connection.execute(delete(guesses).where(guesses.c.question == question))
