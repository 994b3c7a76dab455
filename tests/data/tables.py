"""Tables that the tests of this folder bring, as a user would."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from core.data.files import LIMITS, read_raw
from core.data.loading import Split, load_data
from core.data.reading.columns import columns_of
from core.data.reading.options import Options
from core.data.sets import Table
from core.data.tables import keep_table, tables_folder

ROWS = 60


def frame(rows: int = ROWS) -> pd.DataFrame:
    """Numbers and categories with values missing in each, and a target of two classes."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": generator.integers(18, 90, rows).astype(float),
            "income": generator.normal(3e4, 1e4, rows).round(2),
            "city": generator.choice(["Bern", "Rome", "Oslo"], rows),
            "member": generator.choice([True, False], rows),
            "bought": generator.choice(["no", "yes"], rows),
        }
    )
    table.loc[::7, "age"] = np.nan
    table.loc[::9, "city"] = None
    return table


def read_table(source, limits=LIMITS) -> pd.DataFrame:
    """The table as it is understood: numbers, dates, and texts, NaN where missing. Raises DataError."""
    columns = {}
    for column in columns_of(read_raw(source, limits=limits), Options()):
        shown = column.as_feature()
        if shown.codes is not None:
            columns[shown.name] = np.array([*shown.levels, None], dtype=object)[shown.codes]
        else:
            columns[shown.name] = shown.numbers if shown.numbers is not None else shown.dates
    return pd.DataFrame(columns)


def csv(table: pd.DataFrame, **options: str) -> bytes:
    return table.to_csv(index=False, **options).encode()


def parquet(table: pd.DataFrame, *, index: bool = False) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=index)
    return buffer.getvalue()


def workbook(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_excel(buffer, index=False)
    return buffer.getvalue()


def loaded(content: bytes, target: str = "bought", *, unclear: bool = False, **settings: object) -> Split:
    sha256 = keep_table(content, tables_folder(), "test.csv", unclear=unclear)
    return load_data(Table(sha256=sha256, target=target, **settings))
