"""CSV: nothing is lost on the way, and nothing in it runs."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
import pandas as pd
import pytest

from core.export.tables import FORMULA, escape_cells, to_csv_bytes


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"])
@pytest.mark.parametrize("dtype", ["str", object, "category"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text, dtype):
    frame = pd.DataFrame({"variant": pd.Series([text, "Adam"], dtype=dtype)})
    assert escape_cells(frame)["variant"].tolist() == ["'" + text, "Adam"]


def test_column_names_are_escaped_too():
    assert list(escape_cells(pd.DataFrame({"=1+1": [1.0], "b": [2.0]}))) == ["'=1+1", "b"]


def test_numbers_missing_values_and_the_frame_given_are_left_alone():
    frame = pd.DataFrame({"loss": [-1.5, np.nan], "seed": [-1, 2], "name": ["=a", None]})
    before = frame.copy()
    escaped = escape_cells(frame)
    pd.testing.assert_frame_equal(escaped[["loss", "seed"]], before[["loss", "seed"]])
    assert escaped["name"].isna().tolist() == [False, True]
    pd.testing.assert_frame_equal(frame, before)


def test_floats_come_back_bit_for_bit():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500), [0.1, 1 / 3, 5e-324, -0.0]])
    again = pd.read_csv(io.BytesIO(to_csv_bytes(pd.DataFrame({"x": values}))))["x"].to_numpy()
    assert again.tobytes() == values.tobytes()


def test_missing_is_an_empty_cell_and_text_is_utf8_with_its_commas_quoted():
    frame = pd.DataFrame({"variant": ['größer, "q"\nb', "b"], "loss": [np.nan, 0.5]})
    assert to_csv_bytes(frame) == 'variant,loss\n"größer, ""q""\nb",\nb,0.5\n'.encode()


def test_an_empty_table_keeps_its_head():
    assert to_csv_bytes(pd.DataFrame({"run": [], "loss": []})) == b"run,loss\n"


def test_two_columns_of_one_name_keep_their_own_cells():
    frame = pd.DataFrame([["=a", "=b", 1]], columns=["x", "x", 3])
    assert to_csv_bytes(frame) == b"x,x,3\n'=a,'=b,1\n"


SIGNS = [*"=+-@ab,;\"' \t\r\n", "\r\n", "\x00", "\x0b", "\x85", "\u2028", "\u202e", "\ufeff", "ü", "＝", "👩", "1", "nan", "NA", "\\", "#"]


def text(rng: random.Random) -> str:
    return "".join(rng.choices(SIGNS, k=rng.choice((0, 1, 2, 5, 30))))


def column(rng: random.Random, rows: int) -> pd.Series:
    match rng.randrange(5):
        case 0:
            return pd.Series(
                [rng.choice((rng.gauss(0, 1) * 10.0 ** rng.randint(-300, 300), -0.0, np.nan)) for _ in range(rows)], dtype=float
            )
        case 1:
            return pd.Series([rng.randint(-(2**63), 2**63 - 1) for _ in range(rows)], dtype="int64")
        case 2:
            return pd.Series([rng.random() < 0.5 for _ in range(rows)], dtype=bool)
        case kind:
            return pd.Series([text(rng) for _ in range(rows)], dtype=("str", object)[kind - 3])


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_is_read_back_as_the_same_rows(seed):
    rng = random.Random(seed)
    rows = rng.randint(1, 12)
    columns = {f"{text(rng)}{number}": column(rng, rows) for number in range(rng.randint(2, 6))}
    frame = pd.DataFrame(columns)
    written, expected = to_csv_bytes(frame), escape_cells(frame)
    assert not [name for name in expected if name.startswith(FORMULA)]
    assert list(csv.reader(io.StringIO(written.decode(), newline=""))) == [list(expected), *as_cells(expected)]
    texts = [name for name in expected if not pd.api.types.is_numeric_dtype(expected[name])]
    again = pd.read_csv(io.BytesIO(written), keep_default_na=False, na_values={name: [""] for name in expected if name not in texts})
    assert list(again) == list(expected)
    for name in expected:
        assert again[name].tolist() == expected[name].tolist() or again[name].equals(expected[name]), name


def as_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Each row as the texts of its cells: what Python writes of a number."""
    return [["" if value != value else str(value) for value in row] for row in frame.astype(object).to_numpy().tolist()]
