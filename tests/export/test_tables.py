"""CSV: nothing is lost on the way, and nothing in it runs."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from core.export.tables import escape_cells, to_csv_bytes


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
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
