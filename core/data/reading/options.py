"""Settings that say how to read a table, in place of automatic detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Header = Literal["auto", "first_line", "none"]
Separator = Literal["auto", "comma", "semicolon", "tab", "bar", "blank"]
Decimal = Literal["auto", "point", "comma"]
Thousands = Literal["auto", "none", "comma", "point", "blank", "apostrophe"]
DateOrder = Literal["auto", "day_first", "month_first"]
Encoding = Literal["auto", "utf-8", "utf-16", "windows-1252"]

CHARACTERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": " ", "point": ".", "apostrophe": "'"}
"""The signs for the words of separators, decimals and thousands."""
WORDS = {sign: word for word, sign in CHARACTERS.items()}


@dataclass(frozen=True)
class Options:
    """The fields with the same names in `core.data.sets.fetched.Table`."""

    header: Header = "auto"
    separator: Separator = "auto"
    decimal: Decimal = "auto"
    thousands: Thousands = "auto"
    date_order: DateOrder = "auto"
    encoding: Encoding = "auto"
    sheet: str = ""
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def kind_of(self, name: str) -> Literal["number", "category", "date"] | None:
        """The type as which a column is to be read; None: detected from its values."""
        if name in self.numbers:
            return "number"
        if name in self.categories:
            return "category"
        return "date" if name in self.dates else None

    def marks_of(self, name: str, columns: Sequence[str]) -> frozenset[str]:
        """The user's marks of missing values in a column: those for all columns, and those written as `column=mark`."""
        marks = set()
        for written in self.missing:
            column, equals, mark = written.rpartition("=")
            if not (equals and column in columns):
                marks.add(written.strip())
            elif column == name:
                marks.add(mark.strip())
        return frozenset(marks)
