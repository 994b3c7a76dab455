"""Data sets from other sources: a user's own table, and those of OpenML. Both are read, split and encoded in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from core.data.sets.base import ADVANCED, DataChoice

if TYPE_CHECKING:
    from core.data.examples import Examples
    from core.data.reading.options import Options

SHA256 = r"^[0-9a-f]{64}$"


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


TargetTask = Annotated[
    Literal["auto", "classification", "regression"],
    Field(
        description="auto: regression for a numeric target with more than 20 distinct values, with a value that is not whole, "
        "or if more than half of the values are distinct; else classification."
    ),
]
Names = Annotated[tuple[str, ...], AfterValidator(_sorted)]


class TabularData(DataChoice):
    """What all tables share: the target column, the types of the other columns, the marks of missing values, and the
    choice of the parts.
    """

    target: str
    task: TargetTask = "auto"  # type: ignore[assignment, misc]
    drop: Names = Field((), description="Columns to leave out, such as names and free text.")
    numbers: Names = Field(
        (), description="Columns to read as numbers. Values that are not numbers count as missing.", json_schema_extra=ADVANCED
    )
    categories: Names = Field(
        (), description="Columns to read as categories, such as codes that are written as numbers.", json_schema_extra=ADVANCED
    )
    dates: Names = Field(
        (), description="Columns to read as dates: year, month, weekday, and the days since the first.", json_schema_extra=ADVANCED
    )
    missing: Names = Field(
        (),
        description="Marks of missing values besides the usual ones: -200 for all columns, insulin=0 for the column insulin.",
        json_schema_extra=ADVANCED,
    )
    split_column: str = Field(
        "",
        description="A column with train, validation or test for each row. Empty: the parts are drawn at random.",
        json_schema_extra=ADVANCED,
    )
    group_column: str = Field(
        "", description="A column such as the patient: rows with equal values stay in one part.", json_schema_extra=ADVANCED
    )
    time_column: str = Field(
        "",
        description="A column of dates or numbers: the earliest rows are for training, the latest for the test.",
        json_schema_extra=ADVANCED,
    )

    def options(self) -> Options:
        """The settings of how to read the table."""
        from core.data.reading.options import Options

        names = [item.name for item in fields(Options)]
        return Options(**{name: getattr(self, name) for name in names if hasattr(self, name)})

    @model_validator(mode="after")
    def _each_column_is_one_thing(self) -> TabularData:
        said: dict[str, str] = {}
        for field in ("drop", "numbers", "categories", "dates"):
            for name in getattr(self, field):
                if said.setdefault(name, field) != field:
                    raise ValueError(f"{field}: the column {name!r} is also in {said[name]}; name it in only one of them")
        splits = [field for field in ("split_column", "group_column", "time_column") if getattr(self, field)]
        if len(splits) > 1:
            raise ValueError(f"{splits[1]}: {splits[0]} already decides which rows go to which part; give only one of them")
        return self


def _hash_of_the_file(values: Any) -> Any:
    """Fills in `sha256` from the file at `path` if it is not given."""
    from core.data.tables import hash_of

    if not isinstance(values, dict) or values.get("sha256"):
        return values
    if not isinstance(values.get("path"), str | Path) or not str(values["path"]):
        raise ValueError("A table needs the path of a CSV or Parquet file, or the sha256 of one that was uploaded.")
    path = str(values["path"])
    return {**values, "path": path, "sha256": hash_of(Path(path).expanduser())}


class Table(TabularData):
    """Your own table: CSV, Excel or Parquet, with a column to predict and feature columns of numbers, categories or dates.

    The SHA-256 of the file's bytes identifies the data; the path only says where to find them.
    A missing number is replaced by the training median and a `name=missing` flag, a missing category by the category `missing`;
    rows without a target are left out. docs/tables.md explains how a table is read.
    """

    kind: Literal["table"] = "table"
    path: str = Field("", description="Path of the file. Not needed for an uploaded table.")
    sha256: str = Field(pattern=SHA256, description="The SHA-256 of the file's bytes; computed from the file if it is not given.")
    target: str = Field(min_length=1, description="The column to predict.")
    header: Literal["auto", "first_line", "none"] = Field(
        "auto",
        description="Where the names of the columns are. none: there are none, and they become column_1 and so on. auto: detected from "
        "the file.",
    )
    separator: Literal["auto", "comma", "semicolon", "tab", "bar", "blank"] = Field(
        "auto", description="The separator between the fields of a line."
    )
    decimal: Literal["auto", "point", "comma"] = Field("auto", description="The decimal separator: 1.5 or 1,5.")
    thousands: Literal["auto", "none", "comma", "point", "blank", "apostrophe"] = Field(
        "auto", description="The separator of thousands in large numbers: 1,234 or 1.234 or 1 234 or 1'234."
    )
    date_order: Literal["auto", "day_first", "month_first"] = Field(
        "auto", description="The meaning of 03/04/2024: 3 April (day_first) or March 4 (month_first)."
    )
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1252"] = Field("auto", description="The encoding of the text.")
    sheet: str = Field("", description="The sheet of an Excel workbook. Empty: the first one.", json_schema_extra=ADVANCED)

    source: ClassVar[str] = "your own file"

    @model_validator(mode="before")
    @classmethod
    def _fill_in_the_hash(cls, values: Any) -> Any:
        return _hash_of_the_file(values)

    def identity(self) -> dict[str, Any]:
        """As for every choice, without `path`: equal bytes are the same data wherever the file is."""
        return {name: value for name, value in super().identity().items() if name != "path"}

    def examples(self) -> Examples:
        from core.data.files import read_raw
        from core.data.reading.tabular import examples_of
        from core.data.tables import find_table, name_of

        with _named(f"Table {self.path or name_of(self.sha256) or self.sha256[:12] + '...'}"):
            options = self.options()
            return examples_of(read_raw(find_table(self.sha256, self.path), options), self, self.target, options)


class OpenMl(TabularData):
    """A data set of OpenML by its number, read like a table: numbers, categories and missing values.

    scikit-learn downloads it once into the folder `openml` of the data folder, and reads it from there afterwards. Columns that OpenML
    marks as row numbers or as ignored are left out. A published number always means the same data, so it identifies them.

    Source: Vanschoren, van Rijn, Bischl & Torgo 2013, "OpenML: Networked Science in Machine Learning", by scikit-learn's `fetch_openml`.
    """

    kind: Literal["openml"] = "openml"
    data_id: Annotated[
        int, Field(ge=1, description="The number on OpenML: 31 (credit-g: 1,000 credits, good or bad) is www.openml.org/d/31.")
    ] = 31
    target: Annotated[str, Field(description="The column to predict. Empty: the data set's default target.")] = ""

    source: ClassVar[str] = "https://www.openml.org"

    def examples(self) -> Examples:
        from core.data.files import from_frame
        from core.data.reading.tabular import examples_of
        from core.data.sets.openml import fetch
        from core.data.tables import tables_folder

        with _named(f"OpenML data set {self.data_id}"):
            frame, target = fetch(self.data_id, self.target, tables_folder().parent)
            return examples_of(from_frame(frame, "openml"), self, target, self.options())


@contextmanager
def _named(source: str) -> Iterator[None]:
    """Puts the name of the data in front of a DataError that is raised inside."""
    from core.data.examples import DataError

    try:
        yield
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
