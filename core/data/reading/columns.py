"""Finds out what a column holds: numbers, categories, dates, free text, or something that the user must decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.data.examples import FloatArray, IntArray
from core.data.reading.calendar import dates_of
from core.data.reading.numerals import Decimal, Numerals, numerals_of
from core.data.reading.options import Options
from core.data.reading.raw import RawTable
from core.data.report import Kind

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CATEGORIES = 50  # a column with more distinct values, most of which occur once, is free text
LONGEST_CATEGORY = 200  # characters
LONGEST_EXAMPLE = 60  # characters
MOST_NAMED = 4  # unexpected texts that a message lists
MOSTLY = 0.5  # if at least this share of a column's rows are numbers (or dates), the column is one of numbers (or dates)
ROW_NUMBERS = "__index_level_0__"  # pandas' name in Parquet for an index without a name
NOTHING = ("", "?")  # a missing value in any column; "?" comes from the UCI repository
SOFT_MARKS = frozenset("#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null".split(","))
"""Missing values in a feature of categories, but possible names of classes in a target."""
NUMBER_MARKS = frozenset(
    "na,n/a,n.a.,n.a,#n/a,#na,<na>,nan,-nan,1.#ind,1.#qnan,-1.#ind,null,(null),none,nil,-,--,---,–,—,.,..,...,*,**,x,?,??,unknown,undefined,"
    "missing,not available,not applicable,not known,n.d.,nd,k.a.,s/o,#div/0!,#value!,#ref!,#name?,#num!,#null!,#error!".split(",")
)
"""Missing values in numbers and dates, in upper or lower case."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column and the type that was found for it.

    numbers: (N,) float64 if it holds numbers, NaN for missing. dates: (N,) datetime64[s] if it holds dates, NaT for missing.
    codes: (N,) indices into `levels` for all other columns, -1 for missing; the levels in `soft` also count as missing in a feature.
    how: what was done to its values. problem: why it can be neither feature nor target without a setting.
    decimal: the decimal separator, None if the column does not show it; certain: whether it shows it for certain.
    """

    name: str
    kind: Kind
    numbers: FloatArray | None = None
    dates: NDArray[np.datetime64] | None = None
    codes: IntArray | None = None
    levels: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    problem: str = ""
    decimal: Decimal | None = None
    certain: bool = False
    soft: frozenset[int] = field(default_factory=frozenset)

    @property
    def rows(self) -> int:
        """N, the number of rows."""
        held = next(values for values in (self.numbers, self.dates, self.codes) if values is not None)
        return len(held)

    @cached_property
    def absent(self) -> NDArray[np.bool_]:
        """(N,) True for a missing value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        if self.dates is not None:
            return np.isnat(self.dates)
        return np.equal(self.codes, -1)  # type: ignore[arg-type]

    def as_feature(self) -> Column:
        """The column with its soft marks read as missing."""
        if not self.soft or self.codes is None:
            return self
        listed = _listed([self.levels[place] for place in sorted(self.soft)])
        codes = np.where(np.isin(self.codes, list(self.soft)), -1, self.codes)
        return replace(self, codes=codes, soft=frozenset(), how=(*self.how, f"{listed} read as missing"))

    @cached_property
    def distinct(self) -> int:
        """The number of distinct values."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.codes is not None:
            return int((np.bincount(self.codes + 1, minlength=1)[1:] > 0).sum())
        values = self.numbers if self.numbers is not None else self.dates.astype(np.int64)  # type: ignore[union-attr]
        return int(pc.count_distinct(pa.array(values, mask=self.absent)).as_py())

    def text(self, row: int) -> str:
        """The value in a row, as text."""
        if self.absent[row]:
            return ""
        if self.numbers is not None:
            return f"{self.numbers[row]:.10g}"
        if self.dates is not None:
            return str(self.dates[row]).removesuffix("T00:00:00").replace("T", " ")
        return self.levels[self.codes[row]]  # type: ignore[index]

    @property
    def example(self) -> str:
        """Its first value, as text."""
        present = np.flatnonzero(~self.absent)
        return self.text(int(present[0]))[:LONGEST_EXAMPLE] if len(present) else ""


def columns_of(raw: RawTable, options: Options) -> list[Column]:
    """Finds the types of all columns. Numbers with two readings follow the other columns; if these do not decide it, they stay unclear."""
    found = [_judged(raw, place, options, "point") for place in range(len(raw.names))]
    commas = any(column.certain and column.decimal == "comma" for column in found)
    points = any(column.certain and column.decimal == "point" for column in found)
    if commas and not points and options.decimal == "auto":
        return [column if column.certain else _judged(raw, place, options, "comma") for place, column in enumerate(found)]
    return found


def _judged(raw: RawTable, place: int, options: Options, usual: Decimal) -> Column:
    from pyarrow import types

    name, cells = raw.names[place], raw.columns[place]
    kind = cells.type.value_type if types.is_dictionary(cells.type) else cells.type
    if name == ROW_NUMBERS:
        return _unusable(name, len(cells), "the row numbers of a pandas index")
    if types.is_string(kind) or types.is_large_string(kind):
        return _Texts(raw, place, options, usual).column()
    return _typed(raw, place, options)


def _typed(raw: RawTable, place: int, options: Options) -> Column:
    """A column whose type the file gives."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    name, cells = raw.names[place], raw.columns[place]
    wanted, marks = options.kind_of(name), options.marks_of(name, raw.names)
    if types.is_dictionary(cells.type) or types.is_boolean(cells.type) or (wanted == "category" and not types.is_null(cells.type)):
        as_text = cells.cast(cells.type.value_type) if types.is_dictionary(cells.type) else cells
        words = pc.cast(as_text, pa.large_string()) if not types.is_boolean(as_text.type) else pc.if_else(as_text, "True", "False")
        return _Texts(raw, place, options, "point", words).category()
    if types.is_date(cells.type) or types.is_timestamp(cells.type):
        stamps = cells.cast(pa.timestamp("s"), safe=False).to_numpy().astype("datetime64[s]")
        return Column(name, "date", dates=stamps)
    if not (types.is_integer(cells.type) or types.is_floating(cells.type) or types.is_decimal(cells.type)):
        return _unusable(name, len(cells), "empty" if types.is_null(cells.type) else f"of the type {cells.type}")
    values = np.array(cells.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return _numbers(name, values, marks)


def _numbers(name: str, values: FloatArray, marks: frozenset[str], how: tuple[str, ...] = (), **said: Any) -> Column:
    """A column of numbers, in which the user's marks are missing values."""
    own = [float(mark) for mark in marks if _is_float(mark)]
    hidden = np.isin(values, own) if own else np.zeros(len(values), dtype=bool)
    if hidden.any():
        values = np.where(hidden, np.nan, values)
        how = (*how, f"{int(hidden.sum())} values marked as missing")
    if np.isnan(values).all():
        return _unusable(name, len(values), "empty")
    return Column(name, "number", numbers=values, how=how, **said)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unusable(name: str, rows: int, why: str) -> Column:
    return Column(name, "unusable", codes=np.full(rows, -1), how=(why,), problem=f"it is {why}")


class _Texts:
    """A column of texts while its type is found: T distinct texts, trimmed, with the number of rows of each."""

    def __init__(self, raw: RawTable, place: int, options: Options, usual: Decimal, words: pa.ChunkedArray | None = None) -> None:
        self.raw, self.options, self.usual = raw, options, usual
        self.name = raw.names[place]
        self.cells = raw.columns[place] if words is None else words
        self.marks = options.marks_of(self.name, raw.names)
        self.wanted = options.kind_of(self.name) or ("category" if self.name in raw.categories else None)

    def column(self) -> Column:
        """The column with its type."""
        if (quick := self._plain_numbers()) is not None:
            return quick
        if not len(self.texts):
            return _unusable(self.name, len(self.codes), "empty")
        readers: dict[str | None, Callable[[], Column]] = {
            "category": self.category,
            "number": self._forced_numbers,
            "date": self._forced_dates,
        }
        return readers.get(self.wanted, self._told)()

    def _plain_numbers(self) -> Column | None:
        """The column if all its texts are numbers in the notation of programs, which is checked without looking at each text; else None."""
        import pyarrow as pa
        import pyarrow.compute as pc

        as_told = self.options.decimal != "comma" and self.options.thousands in ("auto", "none", "comma")
        if self.wanted not in (None, "number") or pa.types.is_dictionary(self.cells.type) or self.usual == "comma" or not as_told:
            return None
        trimmed = pc.utf8_trim_whitespace(self.cells)
        try:
            read = pc.cast(pc.if_else(pc.equal(trimmed, ""), None, trimmed), pa.float64())
        except pa.ArrowInvalid:
            return None
        with_point = pc.any(pc.match_substring_regex(trimmed, r"\.(\d{0,2}|\d{4,})([eE].*)?$|^0\d*\.|^[+-]?\.|\d{4,}\.")).as_py()
        certain: Decimal | None = "point" if with_point else None
        values = np.array(read.to_numpy(), dtype=np.float64)
        return _numbers(self.name, values, self.marks, decimal=certain, certain=bool(certain))

    @cached_property
    def _coded(self) -> tuple[pa.Array, IntArray]:
        """The T texts and the index of each row's text, -1 for missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        coded = self.cells if pa.types.is_dictionary(self.cells.type) else self.cells.dictionary_encode()
        coded = coded.unify_dictionaries().combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        if isinstance(coded, pa.ChunkedArray):  # without rows, or if it is still in several chunks
            coded = coded.chunk(0)
        places = np.array(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
        trimmed = pc.utf8_trim_whitespace(coded.dictionary.cast(pa.large_string())).dictionary_encode()
        texts, codes = trimmed.dictionary, np.append(trimmed.indices.to_numpy(zero_copy_only=False), -1)[places]
        nothing = pc.is_in(texts, pa.array([*NOTHING, *self.marks], pa.large_string())).to_numpy(zero_copy_only=False)
        kept = np.flatnonzero(~nothing & (np.bincount(codes[codes >= 0], minlength=len(texts)) > 0))
        renumbered = np.full(len(texts) + 1, -1)
        renumbered[kept] = np.arange(len(kept))
        return texts.take(pa.array(kept, pa.int64())), renumbered[codes]

    @property
    def texts(self) -> pa.Array:
        return self._coded[0]

    @property
    def codes(self) -> IntArray:
        return self._coded[1]

    @cached_property
    def counts(self) -> IntArray:
        """(T,) number of rows with each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts)).astype(np.int64)

    @cached_property
    def numerals(self) -> Numerals:
        return numerals_of(self.texts, self.counts, self.options, self.usual)

    def _told(self) -> Column:
        """Dates or numbers if most texts are; otherwise categories or free text."""
        marks = self._are_marks()
        worth = max(1, int(self.counts[~marks].sum()))
        dates = dates_of(self.texts, self.options.date_order)
        are_dates = ~np.isnat(dates.values)
        if self.counts[are_dates].sum() >= MOSTLY * worth:
            return self._odd(are_dates | marks, "dates") or self._dates(dates.values, marks, unclear=dates.unclear)
        are_numbers = ~np.isnan(self.numerals.values)
        if self.counts[are_numbers].sum() >= MOSTLY * worth:
            return self._odd(are_numbers | marks, "numbers") or self._numbers(marks & ~are_numbers)
        return self.category(f"{int(self.counts[are_numbers].sum())} of its values are numbers" if are_numbers.any() else "")

    def _are_marks(self) -> NDArray[np.bool_]:
        if len(self.texts) > len(NUMBER_MARKS) * 20:  # texts that can be marks are found by their length
            import pyarrow.compute as pc

            short = np.flatnonzero(pc.less_equal(pc.utf8_length(self.texts), 14).to_numpy(zero_copy_only=False))
        else:
            short = np.arange(len(self.texts))
        marks = np.zeros(len(self.texts), dtype=bool)
        marks[short] = [text.casefold() in NUMBER_MARKS for text in self.texts.take(short).to_pylist()]
        return marks

    def _odd(self, known: NDArray[np.bool_], what: str) -> Column | None:
        """The column as unclear, if some texts are neither of the main type nor a usual mark; else None."""
        odd = np.flatnonzero(~known)
        if not len(odd):
            return None
        most = odd[np.argsort(-self.counts[odd], kind="stable")]
        named = [self.texts[int(place)].as_py() for place in most]
        rows, others = int(self.counts[known].sum()), int(self.counts[odd].sum())
        more = f" and {len(most) - MOST_NAMED:,} others" if len(most) > MOST_NAMED else ""
        first = self.raw.place(int(np.argmax(self.codes == most[0])))
        problem = (
            f"it holds {what} in {rows:,} rows, and in {others:,} {_listed(named)}{more} ({first}). "
            f"Mend them; or, if they mean that nothing is known, set missing = {_toml(named[:MOST_NAMED])}; "
            f"or, if it is a column of categories, set categories = {_toml([self.name])}"
        )
        return self._unclear(problem)

    def _unclear(self, problem: str) -> Column:
        return Column(self.name, "unclear", codes=self.codes, levels=self._levels(), how=(problem,), problem=problem)

    def _numbers(self, marks: NDArray[np.bool_]) -> Column:
        found = self.numerals
        if found.decimal is None:
            return self._ambiguous()
        values = np.append(found.values, np.nan)[self.codes]
        how = [f"read with {found.unit!r} left out"] if found.unit else []
        how += ["decimals begin with a comma"] if found.decimal == "comma" and found.certain else []
        how += [f"digits grouped by {found.grouped!r}"] if found.grouped else []
        return _numbers(self.name, values, self.marks, (*how, *self._read_as_missing(marks)), decimal=found.decimal, certain=found.certain)

    def _ambiguous(self) -> Column:
        shown = next(text for text in self.texts.to_pylist() if "," in text or "." in text)
        sign = "," if "," in shown else "."
        whole, split = shown.replace(sign, ""), shown.replace(",", ".")
        grouped, decimals = ("point", "comma") if sign == "," else ("comma", "point")
        return self._unclear(
            f'{shown!r} could be {whole} or {split}, and so could all others like it. Set decimal to "{grouped}" for {whole}, '
            f'or to "{decimals}" for {split}'
        )

    def _dates(self, values: NDArray[np.datetime64], marks: NDArray[np.bool_], *, unclear: bool) -> Column:
        if unclear:
            shown = self.texts[0].as_py()
            return self._unclear(f'in {shown!r} the day or the month may come first. Set date_order to "day_first" or to "month_first"')
        stamps = np.append(values, np.datetime64("NaT"))[self.codes]
        return Column(self.name, "date", dates=stamps, how=self._read_as_missing(marks))

    def _read_as_missing(self, marks: NDArray[np.bool_]) -> tuple[str, ...]:
        if not marks.any():
            return ()
        named = [f"{self.counts[place]} {self.texts[int(place)].as_py()!r}" for place in np.flatnonzero(marks)[:MOST_NAMED]]
        return (f"{', '.join(named)} read as missing",)

    def _forced_numbers(self) -> Column:
        found = self.numerals
        return self._numbers(np.isnan(found.values)) if found.decimal else self._ambiguous()

    def _forced_dates(self) -> Column:
        dates = dates_of(self.texts, self.options.date_order)
        none = np.isnat(dates.values)
        if none.all():
            return self._unclear(f"none of its values is a date, such as {self.texts[0].as_py()[:LONGEST_EXAMPLE]!r}")
        return self._dates(dates.values, none, unclear=dates.unclear)

    def category(self, how: str = "") -> Column:
        """Categories; or free text, unless categories were asked for: long values, or many values that rarely repeat."""
        import pyarrow.compute as pc

        if not len(self.texts):
            return _unusable(self.name, len(self.codes), "empty")
        levels = self._levels()
        present = int(self.counts.sum())
        rarely_repeated = len(levels) > MOST_CATEGORIES and len(levels) > present / 2
        is_text = (rarely_repeated and self.name not in self.options.categories) or pc.max(
            pc.utf8_length(self.texts)
        ).as_py() > LONGEST_CATEGORY
        soft = frozenset(place for place, level in enumerate(levels) if level in SOFT_MARKS) if len(levels) else frozenset()
        said = (how,) if how else ()
        return Column(self.name, "text" if is_text else "category", codes=self.codes, levels=levels, how=said, soft=soft)

    def _levels(self) -> tuple[str, ...]:
        return tuple(self.texts.to_pylist())


def _listed(texts: list[str]) -> str:
    return ", ".join(repr(text[:LONGEST_EXAMPLE]) for text in texts[:MOST_NAMED])


def _toml(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{text[:LONGEST_EXAMPLE]}"' for text in texts) + "]"
