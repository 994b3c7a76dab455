"""Tables by chance: what people export, what programs write, and what was cut or mixed up on the way."""

from __future__ import annotations

import gzip
import io
import string
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SEPARATORS = (",", ",", ";", "\t", "|", " ", ", ")
MISSING = ("", "NA", "nan", "None", "null", "-", "?", "-999", "N/A")
ODD_CELLS = (
    "=1+1",
    '"',
    '""',
    "a\rb",
    "\x00",
    "\u202e",
    "1,234",
    "1.234,5",
    "1e999",
    "9" * 400,
    "1" + "0" * 400,
    "x" * 50_000,
    "'",
    "#",
    "\ufeff",
)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "utf-16-le")
LONGEST = 400


def table(rng: Random) -> tuple[bytes, str]:
    """(bytes, the name of a column, mostly of one that there is); a third is as it should be."""
    if rng.random() < 0.3:
        return _tidy(rng)
    content, names = (_csv if rng.random() < 0.6 else _parquet)(rng)
    if rng.random() < 0.4:
        content = _mutated(rng, content)
    if rng.random() < 0.1:
        content = gzip.compress(content)
    return content, rng.choice([*names, *names, *names, "no such column", ""])


def _tidy(rng: Random) -> tuple[bytes, str]:
    kinds = [rng.choice(("number", "whole", "class")) for _ in range(rng.randint(2, 6))]
    names = [f"{kind}{number}" for number, kind in enumerate(kinds)]
    rows = [[_cell(rng, kind) for kind in kinds] for _ in range(rng.randint(40, LONGEST))]
    separator = rng.choice((",", ";", "\t"))
    text = "\n".join(separator.join(row) for row in (names, *rows))
    return text.encode(rng.choice(("utf-8", "utf-8-sig"))), rng.choice(names)


def _cell(rng: Random, kind: str) -> str:
    match kind:
        case "number":
            return f"{rng.gauss(0, 1):.4g}"
        case "whole":
            return str(rng.randint(-3, 40))
        case "class":
            return rng.choice(("a", "b", "none", "größer"))
        case "date":
            return f"20{rng.randint(10, 30)}-{rng.randint(1, 13):02}-{rng.randint(1, 31):02}"
        case "constant":
            return "7"
        case "odd":
            return rng.choice((*ODD_CELLS, *MISSING))
        case _:
            return "".join(rng.choices(string.printable, k=rng.randint(0, 12)))


def _csv(rng: Random) -> tuple[bytes, list[str]]:
    kinds = rng.choices(
        ("number", "whole", "class", "date", "constant", "odd", "text"), weights=(5, 3, 4, 1, 1, 1, 1), k=rng.choice((1, 2, 4, 8, 300))
    )
    names = [
        rng.choice(("x", "größe", "a b", "y,z", '"q"', "=x", "", "1", "\u202e")) + str(number) * (rng.random() < 0.9)
        for number, _ in enumerate(kinds)
    ]
    separator, end = rng.choice(SEPARATORS), rng.choice(("\n", "\r\n", "\r"))
    rows = [[_missing(rng, _cell(rng, kind)) for kind in kinds] for _ in range(rng.choice((0, 1, 5, 40, LONGEST)))]
    head = [names] if rng.random() < 0.9 else []
    lines = [separator.join(_quoted(rng, cell, separator) for cell in row) for row in (*head, *rows)]
    ragged = [line + separator * rng.randint(1, 3) if rng.random() < 0.01 else line for line in lines]
    return end.join(ragged).encode(rng.choice(ENCODINGS), errors="replace"), names


def _missing(rng: Random, cell: str) -> str:
    return rng.choice(MISSING) if rng.random() < 0.05 else cell


def _quoted(rng: Random, cell: str, separator: str) -> str:
    if any(sign in cell for sign in (separator, '"', "\n", "\r")) and rng.random() < 0.9:
        return '"' + cell.replace('"', '""') + '"'
    return cell


TYPES: tuple[tuple[Any, Any], ...] = (
    (pa.float64(), lambda rng: rng.gauss(0, 1)),
    (pa.float32(), lambda rng: rng.choice((rng.gauss(0, 1), float("inf"), float("nan")))),
    (pa.int64(), lambda rng: rng.choice((rng.randint(0, 3), 2**62))),
    (pa.uint64(), lambda rng: 2**64 - 1 - rng.randint(0, 9)),
    (pa.int8(), lambda rng: rng.randint(-128, 127)),
    (pa.bool_(), lambda rng: rng.random() < 0.5),
    (pa.string(), lambda rng: rng.choice(("a", "b", "c", ""))),
    (pa.dictionary(pa.int32(), pa.string()), lambda rng: rng.choice(("a", "b"))),
    (pa.binary(), lambda rng: rng.randbytes(rng.randint(0, 9))),
    (pa.timestamp("ns", "UTC"), lambda rng: rng.randint(0, 2**60)),
    (pa.date32(), lambda rng: rng.randint(-700_000, 700_000)),
    (pa.time64("us"), lambda rng: rng.randint(0, 86_399_999_999)),
    (pa.duration("s"), lambda rng: rng.randint(0, 10**9)),
    (pa.decimal128(38, 10), lambda rng: None),
    (pa.null(), lambda rng: None),
    (pa.list_(pa.int64()), lambda rng: [1] * rng.randint(0, 30)),
    (pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]), lambda rng: {"a": 1, "b": ["x"] * rng.randint(0, 9)}),
    (pa.map_(pa.string(), pa.int64()), lambda rng: [("k", 1)]),
)


def _parquet(rng: Random) -> tuple[bytes, list[str]]:
    rows = rng.choice((0, 1, 5, 40, LONGEST))
    chosen = rng.choices(TYPES, weights=[6, 2, 4, 1, 2, 3, 5, 3, *[1] * (len(TYPES) - 8)], k=rng.choice((1, 2, 4, 8)))
    names = [f"{rng.choice(('x', 'größe', '', '=x', 'a.b'))}{number}" for number, _ in enumerate(chosen)]
    columns = [pa.array([None if rng.random() < 0.05 else make(rng) for _ in range(rows)], kind) for kind, make in chosen]
    buffer = io.BytesIO()
    written = pa.Table.from_arrays(columns, names=names)
    pq.write_table(written, buffer, compression=rng.choice(("snappy", "zstd", "gzip", "none")), row_group_size=rng.choice((1, 50, 10_000)))
    return buffer.getvalue(), names


def _mutated(rng: Random, content: bytes) -> bytes:
    """Bytes changed, cut, doubled or put in."""
    for _ in range(rng.choice((1, 1, 3, 30))):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 1, 1, 4, 100)))
        part = rng.choice((b"", rng.randbytes(rng.randint(1, 4)), content[start:end] * 2, b"\x00" * 8, b"\xff\xff\xff\x7f"))
        content = content[:start] + part + content[end:]
    return content
