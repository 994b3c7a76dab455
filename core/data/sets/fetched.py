"""Data sets from elsewhere: a user's own table, and those of OpenML. Both are judged, split and encoded alike."""

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
        description="auto: regression for a target of numbers with more than 20 different values, with one that is not whole, "
        "or where more than half of the values differ."
    ),
]
Names = Annotated[tuple[str, ...], AfterValidator(_sorted)]


class TabularData(DataChoice):
    """What all tables share: the column to predict, what the other columns are, what counts as missing, and which rows go to which part."""

    target: str
    task: TargetTask = "auto"  # type: ignore[assignment, misc]
    drop: Names = Field((), description="Columns to leave out, such as names and free text.")
    numbers: Names = Field(
        (), description="Columns to read as numbers. What is no number there counts as missing.", json_schema_extra=ADVANCED
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
        "", description="A column that says train, validation or test for each row. Empty: the parts are drawn.", json_schema_extra=ADVANCED
    )
    group_column: str = Field(
        "", description="A column whose equal values, such as a patient's, stay in one part.", json_schema_extra=ADVANCED
    )
    time_column: str = Field(
        "", description="A column of dates or numbers: the earliest rows train, the latest test.", json_schema_extra=ADVANCED
    )

    def options(self) -> Options:
        """How the table is to be read."""
        from core.data.reading.options import Options

        names = [item.name for item in fields(Options)]
        return Options(**{name: getattr(self, name) for name in names if hasattr(self, name)})

    @model_validator(mode="after")
    def _each_column_is_one_thing(self) -> TabularData:
        said: dict[str, str] = {}
        for field in ("drop", "numbers", "categories", "dates"):
            for name in getattr(self, field):
                if said.setdefault(name, field) != field:
                    raise ValueError(f"{field}: the column {name!r} is in {said[name]} too; name it in one of the two")
        splits = [field for field in ("split_column", "group_column", "time_column") if getattr(self, field)]
        if len(splits) > 1:
            raise ValueError(f"{splits[1]}: {splits[0]} already says which rows go to which part; give one of the two")
        return self


def _hash_of_the_file(values: Any) -> Any:
    """Fill in `sha256` from the file at `path`, where it is not given."""
    from core.data.tables import hash_of

    if not isinstance(values, dict) or values.get("sha256"):
        return values
    if not isinstance(values.get("path"), str | Path) or not str(values["path"]):
        raise ValueError("A table needs the path of a CSV or Parquet file, or the sha256 of one that was uploaded.")
    path = str(values["path"])
    return {**values, "path": path, "sha256": hash_of(Path(path).expanduser())}


class Table(TabularData):
    """Your own table: CSV, Excel or Parquet, a column to predict, and columns of numbers, categories or dates to predict it from.

    The SHA-256 of the file's bytes says which data these are; the path only says where they may be found.
    A missing number becomes the training median and a `name=missing` flag, a missing category a category `missing`;
    rows whose target is missing are left out. docs/tables.md says how a table is read.
    """

    kind: Literal["table"] = "table"
    path: str = Field("", description="The file. Not needed for a table that was uploaded.")
    sha256: str = Field(pattern=SHA256, description="The SHA-256 of the file's bytes; found from path when not given.")
    target: str = Field(min_length=1, description="The column to predict.")
    header: Literal["auto", "first_line", "none"] = Field(
        "auto", description="Where the names of the columns are. none: they are made up, column_1 and so on. auto: told from the file."
    )
    separator: Literal["auto", "comma", "semicolon", "tab", "bar", "blank"] = Field(
        "auto", description="What separates the fields of a line."
    )
    decimal: Literal["auto", "point", "comma"] = Field("auto", description="What begins the decimals: 1.5 or 1,5.")
    thousands: Literal["auto", "none", "comma", "point", "blank", "apostrophe"] = Field(
        "auto", description="What groups the digits of large numbers: 1,234 or 1.234 or 1 234 or 1'234."
    )
    date_order: Literal["auto", "day_first", "month_first"] = Field("auto", description="What 03/04/2024 is: 3 April or March 4.")
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1252"] = Field("auto", description="The encoding of the text.")
    sheet: str = Field("", description="The sheet of an Excel workbook. Empty: its first.", json_schema_extra=ADVANCED)

    source: ClassVar[str] = "your own file"

    @model_validator(mode="before")
    @classmethod
    def _fill_in_the_hash(cls, values: Any) -> Any:
        return _hash_of_the_file(values)

    def identity(self) -> dict[str, Any]:
        """As every choice's, without `path`: the same bytes are the same data wherever they lie."""
        return {name: value for name, value in super().identity().items() if name != "path"}

    def examples(self) -> Examples:
        from core.data.files import read_raw
        from core.data.reading.tabular import examples_of
        from core.data.tables import find_table, name_of

        with _named(f"Table {self.path or name_of(self.sha256) or self.sha256[:12] + '...'}"):
            options = self.options()
            return examples_of(read_raw(find_table(self.sha256, self.path), options), self, self.target, options)


class OpenMl(TabularData):
    """A data set of OpenML by its number there, read as a table is: numbers, categories and missing values.

    Downloaded once by scikit-learn into the folder `openml` of the data folder, and read from there afterwards. Columns that OpenML
    marks as row numbers or to be ignored are left out. A published number always means the same data, so it is their identity.

    Source: Vanschoren, van Rijn, Bischl & Torgo 2013, "OpenML: Networked Science in Machine Learning", by scikit-learn's `fetch_openml`.
    """

    kind: Literal["openml"] = "openml"
    data_id: Annotated[int, Field(ge=1, description="Its number: 31 (credit-g: 1,000 credits, good or bad) is www.openml.org/d/31.")] = 31
    target: Annotated[str, Field(description="The column to predict. Empty: the data set's own.")] = ""

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
    """A DataError raised inside begins with the name of the data that it is about."""
    from core.data.examples import DataError

    try:
        yield
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
