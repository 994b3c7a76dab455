"""Recognises texts as dates, and converts dates to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.examples import FloatArray
from core.data.reading.options import DateOrder

if TYPE_CHECKING:
    import pyarrow as pa

TIME = r"(?:[T ](\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
MONTH = r"([A-Za-z]{3,9})\.?"
NUMERIC = rf"^(\d{{1,2}})[./-](\d{{1,2}})[./-](\d{{4}}|\d{{2}}){TIME}$"  # day and month in either order
SHAPES = (
    (rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){TIME}$", "ymd"),
    (rf"^(\d{{1,2}})[ -]{MONTH}[ -](\d{{4}}|\d{{2}}){TIME}$", "dby"),
    (rf"^{MONTH} (\d{{1,2}}),? (\d{{4}}){TIME}$", "bdy"),
)
DATE_LIKE = r"\d[-/. ,]+([A-Za-z]{3}|\d)|[A-Za-z]{3}\.? \d"
MONTHS = {name: place for place, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
PIVOT = 69  # two-digit years from here on belong to the 1900s, as in POSIX


@dataclass(frozen=True)
class Dates:
    """values: (T,) datetime64[s], NaT for a text that is no date; unclear: whether day and month could be in either order."""

    values: NDArray[np.datetime64]
    unclear: bool = False


def dates_of(texts: pa.Array, order: DateOrder) -> Dates:
    """The dates in the T texts of a column. Times of day are kept, time zones are ignored."""
    import pyarrow.compute as pc

    values = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[s]")
    if not pc.any(pc.match_substring_regex(texts, DATE_LIKE)).as_py():
        return Dates(values)
    for shape, parts in SHAPES:
        found = pc.match_substring_regex(texts, shape).to_numpy(zero_copy_only=False)
        if found.any():
            values[found] = _read(texts.filter(found), shape, parts)
    found = pc.match_substring_regex(texts, NUMERIC).to_numpy(zero_copy_only=False)
    if not found.any():
        return Dates(values)
    ways = {way: _read(texts.filter(found), NUMERIC, way) for way in ("dmy", "mdy")}
    way, unclear = _way(texts.filter(found), ways, order)
    values[found] = ways[way]
    return Dates(values, unclear)


def _way(texts: pa.Array, ways: dict[str, NDArray[np.datetime64]], order: DateOrder) -> tuple[str, bool]:
    """The order of day and month: as asked, by points as separators, or by numbers above 12; and whether nothing decides it."""
    import pyarrow.compute as pc

    if order != "auto":
        return ("dmy" if order == "day_first" else "mdy"), False
    if pc.all(pc.match_substring_regex(texts, r"^\d+\.\d+\.")).as_py():
        return "dmy", False
    known = {way: int((~np.isnat(values)).sum()) for way, values in ways.items()}
    if known["dmy"] != known["mdy"]:
        return max(known, key=lambda way: known[way]), False
    return "dmy", bool((ways["dmy"] != ways["mdy"])[~np.isnat(ways["dmy"])].any())


def _read(texts: pa.Array, shape: str, parts: str) -> NDArray[np.datetime64]:
    found = pd.Series(texts.to_pandas(), dtype="str").str.extract(shape)
    found.columns = [*parts, "time"]
    year = found["y"].astype(int)
    short = found["y"].str.len() == 2
    year = year + 1900 * (short & (year >= PIVOT)) + 2000 * (short & (year < PIVOT))
    month = found["b"].str[:3].str.lower().map(MONTHS) if "b" in found else found["m"].astype(int)
    written = pd.DataFrame({"year": year, "month": month, "day": found["d"].astype(int)})
    days = pd.to_datetime(written, errors="coerce")
    seconds = pd.to_timedelta(
        found["time"].fillna("0:00").map(lambda time: f"{time}:00" if time.count(":") == 1 else time), errors="coerce"
    )
    values: NDArray[np.datetime64] = (days + seconds).to_numpy().astype("datetime64[s]")
    return values


def as_numbers(values: NDArray[np.datetime64]) -> dict[str, FloatArray]:
    """Year, month (1 to 12), weekday (0: Monday), hour if some value has a time of day, and days since 1970; NaN for NaT."""
    stamps = pd.DatetimeIndex(values)
    seconds = stamps - stamps.normalize()
    parts: dict[str, Any] = {"year": stamps.year, "month": stamps.month, "weekday": stamps.day_of_week}
    if (seconds.total_seconds() > 0).any():
        parts["hour"] = seconds.total_seconds() / 3600
    parts["days"] = (values - np.datetime64("1970-01-01", "s")) / np.timedelta64(86400, "s")
    numbers = {name: np.array(part, dtype=np.float64) for name, part in parts.items()}
    for part in numbers.values():
        part[np.isnat(values)] = np.nan
    return numbers
