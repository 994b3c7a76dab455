"""Finds the table in a text or sheet: its separator, the lines before it, and whether it has a line of names."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from core.data.examples import DataError
from core.data.reading.formats import EXPORT
from core.data.reading.options import CHARACTERS, WORDS, Separator

Record = tuple[int, list[str]]
"""A line that is not blank: its number in the file (the last one, if a field contains line ends), and its fields."""

SEPARATORS = ",;\t|"
LOOKED_AT = 200  # records from which the layout is determined
LETTERS_LOOKED_AT = 100_000  # characters of these records; the first FEWEST records are always used
FEWEST = 20
SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)  # tells Excel the separator
COMMENTS = ("#", "%", "//")
NUMBER = re.compile(r"\s*[+\-−]?[$€£¥]?\s?(\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)([eE][+-]?\d+)?\s?[%€$]?\s*")
DIGITS = re.compile(r"[+\-−$€£¥(]?\d[\d.,:/%)'-]*|[+-]?\.\d+|[+-]?\d[\d.]*[eE][+-]?\d+")
"""A number, a date or a time, without blanks."""
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Layout:
    """The separator of the fields, the number of records before the table, and the number of fields in most records."""

    separator: str
    skipped: int
    width: int


def layout_of(text: TextIO, asked: Separator = "auto") -> Layout:
    """The layout of the table in a text, from its first records. Raises DataError for a text with one column."""
    lines = _first_lines(text)
    told = SEP_LINE.fullmatch(lines[0]) if lines else None
    if told:
        lines = lines[1:]
    separator = _separator(lines, CHARACTERS[asked] if asked != "auto" else told and told[1])
    found = [fields for _, fields in records(lines, separator, strict=False)]
    width = _usual(found)
    if width < 2:
        raise DataError(f"The file has one column; a table needs a target and a feature. {EXPORT}")
    return Layout(separator, preamble(found, width) + (1 if told else 0), width)


def _first_lines(text: TextIO) -> list[str]:
    lines: list[str] = []
    letters = 0
    for line in text:
        if line.strip():
            lines.append(line)
            letters += len(line)
        if len(lines) >= LOOKED_AT or (letters > LETTERS_LOOKED_AT and len(lines) >= FEWEST):
            break
    return lines


def records(lines: Iterable[str], separator: str, *, strict: bool = True) -> Iterator[Record]:
    """Every line that is not blank, split into fields."""
    if separator == " ":
        lines = (f"{' '.join(line.split())}\n" for line in lines)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"The CSV cannot be read: line {reader.line_num}: {error}. {EXPORT}") from error


def preamble(found: Sequence[Sequence[str]], width: int) -> int:
    """The number of records before the table: titles, comments and empty lines, which have fewer fields than the table."""
    for place, fields in enumerate(found):
        held = [field for field in fields if field.strip()]
        if len(held) > 1 and not (fields[0].startswith(COMMENTS) and len(fields) != width):
            return place
        following = found[place + 1] if place + 1 < len(found) else []
        alone = len(fields) < width or (width > 2 and sum(map(bool, map(str.strip, following))) > 1)
        if held and not alone:
            return place
    return 0


def holds_data(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is an example instead of a line of names.

    It is an example if it has numbers above columns of numbers, other than a sequence of years or counts; or if all its values occur again
    in their columns. It is not one if a name stands above a column of numbers.
    """
    rest = [fields for fields in rest if fields != list(first)]
    columns = [[fields[place].strip() for fields in rest if place < len(fields)] for place in range(len(first))]
    judged = [_judged(cell.strip(), [value for value in values if value]) for cell, values in zip(first, columns, strict=True)]
    if "name" in judged or not rest:
        return False
    if "number" not in judged:
        return judged.count("again") == len(judged) and len(set(first)) < len(first)
    numbers = [float(cell) for cell, what in zip(first, judged, strict=True) if what == "number"]
    return "again" in judged or not _is_run(numbers)


def _judged(cell: str, values: Sequence[str]) -> str:
    """What a cell of the first record indicates: a number above numbers, a name above numbers, a value that occurs again, or nothing."""
    of_numbers = bool(values) and sum(map(bool, map(NUMBER.fullmatch, values))) > len(values) / 2
    if PLAIN_NUMBER.fullmatch(cell):
        return "number" if of_numbers else "nothing"
    if NUMBER.fullmatch(cell) and of_numbers:
        return "again"
    if of_numbers:
        return "name" if cell and cell not in values else "nothing"
    return "again" if cell in values else "nothing"


def _is_run(numbers: Sequence[float]) -> bool:
    """Whether the numbers are names: they increase by equal steps, as years do, or there is only one, which is a year."""
    if not all(number.is_integer() for number in numbers):
        return False
    if len(numbers) == 1:
        return 1900 <= numbers[0] <= 2100
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(steps) == 1 and steps != {0.0}


def _separator(lines: Sequence[str], asked: str | None) -> str:
    """The separator that splits most lines into the same number of fields, which no other separator would split evenly again."""
    if asked:
        if asked not in (*SEPARATORS, " "):
            usual = ", ".join(WORDS[separator] for separator in SEPARATORS)
            raise DataError(f"The file's first line says that {asked!r} separates its fields. Use one of {usual}.")
        return asked
    scores = {separator: _score(lines, separator) for separator in SEPARATORS}
    best = max(scores, key=lambda separator: scores[separator])
    if scores[best] > (0.0, 0.0, 0):
        return best
    return " " if _cut_by_blanks(lines) else ","


def _score(lines: Sequence[str], separator: str) -> tuple[float, float, int]:
    """The share of lines with the usual width, the share of fields without another separator, and that width; zeros if the width is 1."""
    found = [fields for _, fields in records(lines, separator, strict=False)]
    width = _usual(found)
    if width < 2:
        return 0.0, 0.0, 0
    usual = [fields for fields in found if len(fields) == width]
    cells = [cell for fields in usual for cell in fields]
    others = SEPARATORS.replace(separator, "")
    whole = sum(bool(NUMBER.fullmatch(cell)) or not any(sign in cell for sign in others) for cell in cells)
    return len(usual) / len(found), whole / len(cells), width


def _usual(found: Sequence[Sequence[str]]) -> int:
    """The number of fields that most records have; of two that are equally frequent, the larger."""
    counts = Counter(map(len, found))
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _cut_by_blanks(lines: Sequence[str]) -> bool:
    """Whether blanks separate fields instead of words: equally many in all lines but a title, and numbers or dates in some column."""
    found = [fields for _, fields in records(lines, " ", strict=False)]
    width = _usual(found)
    usual = [fields for fields in found if len(fields) == width]
    if width < 2 or len(usual) < max(3, 0.9 * len(found)):
        return False
    return any(all(DIGITS.fullmatch(cell) for cell in column) for column in zip(*usual[1:], strict=True))
