"""What a table's columns hold, and how a table becomes examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from core.data.examples import DataError, Examples, FloatArray, IntArray
from core.data.files import LIMITS, Limits, check_shape

Kind = Literal["number", "category", "text", "unusable"]
TaskChoice = Literal["auto", "classification", "regression"]

MISSING = "missing"  # the category of a missing category
MOST_CATEGORIES = 50  # distinct values above which a column that rarely repeats itself is free text
LONGEST_CATEGORY = 200  # characters
MOST_CLASSES = 20  # distinct values of a numeric target above which it is a quantity, not a class
LONGEST_EXAMPLE = 60  # characters
LARGEST = float(np.finfo(np.float32).max)  # networks are trained in float32
NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
CATEGORIES = {"string", "boolean"}
ROW_NUMBERS = "__index_level_0__"  # what pandas calls an index without a name in Parquet


def kind_of(column: pd.Series) -> Kind:
    """Number, category, free text (values that are long, or many and rarely repeat), or unusable (empty, dates, lists, mixed values)."""
    present = column.dropna()
    if present.empty or column.name == ROW_NUMBERS:
        return "unusable"
    categorical = isinstance(present.dtype, pd.CategoricalDtype)
    inferred = infer_dtype(present.cat.categories if categorical else present)
    if inferred in NUMBERS and not categorical:
        return "number"
    if inferred not in NUMBERS | CATEGORIES:
        return "unusable"
    values = [str(value) for value in present.unique()]
    rarely_repeated = len(values) > MOST_CATEGORIES and len(values) > len(present) / 2
    return "text" if rarely_repeated or max(map(len, values)) > LONGEST_CATEGORY else "category"


def describe(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a column: column, kind (see `kind_of`), missing and distinct (counts of rows and of values), example (as text)."""
    rows = []
    for name in frame.columns:
        present = frame[name].dropna()
        as_text = present.astype(str) if kind_of(frame[name]) == "unusable" else present  # lists cannot be counted
        example = "" if present.empty else str(present.iloc[0])[:LONGEST_EXAMPLE]
        rows.append((name, kind_of(frame[name]), len(frame) - len(present), as_text.nunique(), example))
    return pd.DataFrame(rows, columns=["column", "kind", "missing", "distinct", "example"])


def examples_of(frame: pd.DataFrame, target: str, task: TaskChoice, drop: Sequence[str], limits: Limits = LIMITS) -> Examples:
    """Numbers and categories of a table as features, its `target` as classes or quantities.

    Rows without a target are left out and counted. Raises DataError for a column or target that cannot be used.
    """
    _check_columns(frame, target, drop)
    known = frame[frame[target].notna()]
    if known.empty:
        raise DataError(f"The target column {target!r} has no values. Choose another target.")
    features = known.drop(columns=[target, *drop])
    _check_usable(features)
    x = pd.DataFrame({name: _feature(features[name]) for name in features.columns}, index=features.index)
    check_shape(len(x), _encoded_width(x), limits)
    y, class_names = _target(known[target], task)
    return Examples(x.reset_index(drop=True), y, class_names, dropped=len(frame) - len(known))


def _check_columns(frame: pd.DataFrame, target: str, drop: Sequence[str]) -> None:
    columns = ", ".join(repr(name) for name in frame.columns)
    if target not in frame.columns:
        raise DataError(f"There is no column {target!r} to be the target. The columns are {columns}.")
    unknown = [name for name in drop if name not in frame.columns]
    if unknown:
        raise DataError(f"There is no column {unknown[0]!r} to drop. The columns are {columns}.")
    if target in drop:
        raise DataError(f"The column {target!r} is the target and cannot be dropped. Remove it from `drop`.")
    if len(frame.columns) == len(drop) + 1:
        raise DataError("No column is left to be a feature. Drop fewer columns.")


def _check_usable(features: pd.DataFrame) -> None:
    """Refuse free text and what is neither number nor category, naming all such columns at once."""
    kinds = {name: kind_of(features[name]) for name in features.columns}
    reasons = {"text": "free text", "unusable": "empty, dates, lists or mixed values"}
    bad = {name: reasons[kind] for name, kind in kinds.items() if kind in reasons}
    if len(bad) == len(kinds):
        raise DataError(f"No usable feature column: {_listed(bad)}. A table needs a column of numbers or of categories.")
    if bad:
        raise DataError(
            f"Only numbers and categories can be features, unlike {_listed(bad)}. Drop such columns: drop = {[*bad]} "
            "(numbers are written 1234.5, without other signs)."
        )


def _listed(bad: dict[str, str]) -> str:
    return ", ".join(f"{name!r} ({reason})" for name, reason in bad.items())


def _feature(column: pd.Series) -> pd.Series:
    if kind_of(column) == "number":
        return pd.Series(_finite(column), index=column.index)
    codes, values = pd.factorize(column)  # the code of a missing value is -1, which is the last of the names
    return pd.Series(np.array([*map(str, values), MISSING], dtype=object)[codes], index=column.index)


def _finite(column: pd.Series) -> FloatArray:
    """The column as float64, NaN where missing; refuse what is infinite, now or once it is float32."""
    values: FloatArray = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if len(bad):
        raise DataError(
            f"The column {column.name!r} holds {values[bad[0]]} (row {column.index[bad[0]] + 1}, of {len(bad)} such): infinite, or "
            f"too large for 32-bit numbers. Mend these values or leave them empty."
        )
    return values


def _encoded_width(x: pd.DataFrame) -> int:
    """How many features the encoding makes at most: a number and its missing flag, or a flag for each category."""
    numbers = x.select_dtypes("number")
    categories = x.select_dtypes(exclude="number")
    return int(numbers.shape[1] + numbers.isna().any().sum() + categories.nunique().sum())


def _target(column: pd.Series, task: TaskChoice) -> tuple[IntArray | FloatArray, tuple[str, ...] | None]:
    kind = kind_of(column)
    if column.nunique() < 2:
        raise DataError(f"The target column {column.name!r} holds one class only, {column.iloc[0]!s}. Choose another target.")
    if kind in ("text", "unusable"):
        raise DataError(f"The target column {column.name!r} holds free text or dates. Choose a target of numbers or of categories.")
    if task == "regression" and kind != "number":
        raise DataError(f"The target column {column.name!r} is not numeric: no regression. Set task to classification.")
    values = _finite(column) if kind == "number" else column.map(str).to_numpy(dtype=object)
    if kind == "number" and (task == "regression" or (task == "auto" and _is_quantity(values))):
        return values, None
    return _classes(column, values)


def _is_quantity(values: FloatArray) -> bool:
    return len(np.unique(values)) > MOST_CLASSES or bool((values != np.round(values)).any())


def _classes(column: pd.Series, values: np.ndarray) -> tuple[IntArray, tuple[str, ...]]:
    """Indices into the sorted names of the classes; whole numbers sort as numbers and are named without a point."""
    known, indices = np.unique(values, return_inverse=True)
    if len(known) > MOST_CATEGORIES and len(known) > len(values) / 2:
        raise DataError(
            f"The target column {column.name!r} has {len(known)} classes in {len(values)} rows. "
            "Set task to regression if it is a quantity, or choose another target."
        )
    return indices.astype(np.int64), tuple(_class_name(value) for value in known)


def _class_name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
