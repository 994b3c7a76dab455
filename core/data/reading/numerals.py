"""Recognises texts as numbers in the notations of people and programs: 1234.5, 1,234.5, 1 234,5, 20 %, $20, (20), 12 kg.

Shapes: T distinct texts of a column, each with its number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.data.examples import FloatArray
from core.data.reading.options import CHARACTERS, Options

if TYPE_CHECKING:
    import pyarrow as pa

Decimal = Literal["point", "comma"]
Bools = NDArray[np.bool_]

BLANKS = " \u00a0\u202f\u2009"
CURRENCY = "[$€£¥₹₽]|USD|EUR|GBP|CHF|JPY|Fr\\.|Rs\\.?"
SHAPE = (
    rf"^(?P<open>\()?(?P<sign>[+\-−])?(?P<before>{CURRENCY})?[{BLANKS}]?(?P<sign2>[+\-−])?"
    rf"(?P<body>\d[\d.,'’{BLANKS}]*|[.,]\d+)(?P<power>[eE][+-]?\d+)?[{BLANKS}]?(?P<after>[^\d\s.,'’()][^\d]{{0,11}})?(?P<close>\))?$"
)
GROUPS = {"point": ",", "comma": "."}  # the digit grouping for each decimal separator
APOSTROPHES = "'’"
ALWAYS = f"{APOSTROPHES}{BLANKS}"  # groups digits with either decimal separator
NUMBER_LIKE = r"\d|^[+-]?(?i:inf)"
SPECIAL = r"^[+-]?(inf|infinity)$"


@dataclass(frozen=True)
class Numerals:
    """The texts as numbers.

    values: (T,) NaN for a text that is no number. unit: a sign before or after every number, such as % or $.
    decimal: the decimal separator, or None if the texts allow two different readings. grouped: the sign that groups digits.
    certain: whether some text has only one reading.
    """

    values: FloatArray
    unit: str
    decimal: Decimal | None
    grouped: str = ""
    certain: bool = False


def numerals_of(texts: pa.Array, counts: NDArray[np.int64], options: Options, usual: Decimal = "point") -> Numerals:
    """Reads the texts of one column; `usual` is the decimal separator of the file's other columns."""
    parts = _parts(texts)
    if parts is None:
        return Numerals(np.full(len(texts), np.nan), "", usual)
    unit, fits = _unit(parts, counts)
    bodies = _where(fits, parts["body"])
    read = {decimal: _matches(bodies, decimal, options) for decimal in GROUPS}
    decimal, certain = _decimal(bodies, read, counts, options, usual)
    numbers = read[decimal or "point"]
    values = _values(texts, parts, _where(numbers, bodies), decimal or "point")
    return Numerals(values, unit, decimal, _grouping(bodies.filter(numbers), decimal or "point"), certain)


def _parts(texts: pa.Array) -> dict[str, pa.Array] | None:
    """The parts of the texts, empty for a text that is no number; None if no text is a number."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(texts, NUMBER_LIKE)).as_py():
        return None
    found = pc.extract_regex(texts, SHAPE)
    return {part.name: pc.utf8_trim_whitespace(pc.fill_null(pc.struct_field(found, place), "")) for place, part in enumerate(found.type)}


def _mask(array: Any) -> Bools:
    mask: Bools = array.to_numpy(zero_copy_only=False)
    return mask


def _joined(left: pa.Array, right: pa.Array, between: str = "") -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(left, right, pa.scalar(between, left.type))


def _where(mask: Bools, texts: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pa.array(mask), texts, "")


def _unit(parts: dict[str, pa.Array], counts: NDArray[np.int64]) -> tuple[str, Bools]:
    """The sign before or after most numbers, and which texts have it. A word counts as a unit only if every number has it."""
    import pyarrow.compute as pc

    are_numbers = _mask(pc.not_equal(parts["body"], ""))
    coded = _joined(parts["before"], parts["after"], "\t").dictionary_encode()
    places, known = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
    rows = np.bincount(places[are_numbers], weights=counts[are_numbers], minlength=len(known))
    most = int(rows.argmax())
    before, _, after = known[most].partition("\t")
    if after and (rows > 0).sum() > 1 and after[0].isalpha():
        return "", are_numbers & (places == (known.index("\t") if "\t" in known else -1))
    return before or after, are_numbers & (places == most)


def _matches(bodies: pa.Array, decimal: str, options: Options) -> Bools:
    """Which bodies are numbers with this decimal separator."""
    import pyarrow.compute as pc

    sign = CHARACTERS[decimal]
    own = {"auto": GROUPS[decimal] + ALWAYS, "none": "", "blank": BLANKS, "apostrophe": APOSTROPHES}
    groups = own.get(options.thousands, CHARACTERS.get(options.thousands, ""))
    if options.decimal not in ("auto", decimal) or sign in groups:
        return np.zeros(len(bodies), dtype=bool)
    grouped = rf"|[1-9]\d{{0,2}}(?:[{groups}]\d{{3}})+|[1-9]\d?(?:[{groups}]\d{{2}})+[{groups}]\d{{3}}" if groups else ""
    return _mask(pc.match_substring_regex(bodies, rf"^(?:(?:\d+{grouped})(?:[{sign}]\d*)?|[{sign}]\d+)$"))


def _decimal(
    bodies: pa.Array, read: dict[str, Bools], counts: NDArray[np.int64], options: Options, usual: Decimal
) -> tuple[Decimal | None, bool]:
    """The decimal separator, and whether a text shows it for certain; None if both readings are possible and differ."""
    import pyarrow.compute as pc

    point, comma = read["point"], read["comma"]
    if options.decimal != "auto":
        return options.decimal, True
    only_point, only_comma = int(counts[point & ~comma].sum()), int(counts[comma & ~point].sum())
    if only_point or only_comma:
        return ("point", True) if only_point >= only_comma else ("comma", True)
    both = bodies.filter(point & comma)
    with_comma, with_point = (_mask(pc.match_substring(both, sign)) for sign in ",.")
    if not (with_comma | with_point).any():
        return usual, False
    if usual == "comma":
        return (None, False) if with_point.any() else ("comma", False)
    return (None, False) if with_comma.any() else ("point", False)


def _grouping(bodies: pa.Array, decimal: str) -> str:
    """The sign that groups digits in some of the numbers."""
    import pyarrow.compute as pc

    for sign in (GROUPS[decimal], *ALWAYS):
        if pc.any(pc.match_substring(bodies, sign)).as_py():
            return "'" if sign in APOSTROPHES else " " if sign in BLANKS else sign
    return ""


def _values(texts: pa.Array, parts: dict[str, pa.Array], bodies: pa.Array, decimal: str) -> FloatArray:
    """The numbers; NaN if a body is empty and the text is not infinite."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.replace_substring_regex(bodies, f"[{GROUPS[decimal]}{ALWAYS}]", "")
    plain = pc.replace_substring(plain, ",", ".") if decimal == "comma" else plain
    whole = pc.if_else(pc.equal(plain, ""), None, _joined(plain, parts["power"]))
    values: FloatArray = np.array(pc.cast(whole, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    minus = pa.array(["-", "−"], texts.type)
    bracketed = pc.and_(pc.not_equal(parts["open"], ""), pc.not_equal(parts["close"], ""))
    values[_mask(pc.or_(pc.or_(pc.is_in(parts["sign"], minus), pc.is_in(parts["sign2"], minus)), bracketed))] *= -1
    infinite = _mask(pc.match_substring_regex(texts, SPECIAL, ignore_case=True))
    values[infinite] = np.where(_mask(pc.starts_with(texts, "-"))[infinite], -np.inf, np.inf)
    return values
