"""Data sets from elsewhere: a user's own table, and those of OpenML. Both are judged and encoded alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from core.data.base import DataChoice

if TYPE_CHECKING:
    from core.data.examples import Examples

SHA256 = r"^[0-9a-f]{64}$"


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


TargetTask = Annotated[
    Literal["auto", "classification", "regression"],
    Field(description="auto: regression for a target of more than 20 different numbers, or of any that is not whole."),
]
LeftOut = Annotated[tuple[str, ...], AfterValidator(_sorted), Field(description="Columns to leave out, such as names and dates.")]


def _hash_of_the_file(values: Any) -> Any:
    """Fill in `sha256` from the file at `path`, where it is not given."""
    from core.data.tables import hash_of

    if not isinstance(values, dict) or values.get("sha256"):
        return values
    if not isinstance(values.get("path"), str | Path) or not str(values["path"]):
        raise ValueError("A table needs the path of a CSV or Parquet file, or the sha256 of one that was uploaded.")
    path = str(values["path"])
    return {**values, "path": path, "sha256": hash_of(Path(path).expanduser())}


class Table(DataChoice):
    """Your own table: CSV or Parquet, a column to predict, and columns of numbers or categories to predict it from.

    The SHA-256 of the file's bytes says which data these are; the path only says where they may be found.
    A missing number becomes the training median and a `name=missing` flag, a missing category a category `missing`;
    rows whose target is missing are left out.
    """

    kind: Literal["table"] = "table"
    path: str = Field("", description="The CSV or Parquet file. Not needed for a table that was uploaded.")
    sha256: str = Field(pattern=SHA256, description="The SHA-256 of the file's bytes; found from path when not given.")
    target: str = Field(min_length=1, description="The column to predict.")
    task: TargetTask = "auto"  # type: ignore[assignment, misc]
    drop: LeftOut = ()

    source: ClassVar[str] = "your own file"

    @model_validator(mode="before")
    @classmethod
    def _fill_in_the_hash(cls, values: Any) -> Any:
        return _hash_of_the_file(values)

    def identity(self) -> dict[str, Any]:
        """As every choice's, without `path`: the same bytes are the same data wherever they lie."""
        return {name: value for name, value in super().identity().items() if name != "path"}

    def examples(self) -> Examples:
        from core.data.columns import examples_of
        from core.data.tables import find_table, read_table

        with _named(f"Table {self.path or self.sha256[:12] + '...'}"):
            return examples_of(read_table(find_table(self.sha256, self.path)), self.target, self.task, self.drop)


class OpenMl(DataChoice):
    """A data set of OpenML by its number there, read as a table is: numbers, categories and missing values.

    Downloaded once by scikit-learn into the folder `openml` of the data folder, and read from there afterwards. Columns that OpenML
    marks as row numbers or to be ignored are left out. A published number always means the same data, so it is their identity.

    Source: Vanschoren, van Rijn, Bischl & Torgo 2013, "OpenML: Networked Science in Machine Learning", by scikit-learn's `fetch_openml`.
    """

    kind: Literal["openml"] = "openml"
    data_id: Annotated[int, Field(ge=1, description="Its number: 31 (credit-g: 1,000 credits, good or bad) is www.openml.org/d/31.")] = 31
    target: Annotated[str, Field(description="The column to predict. Empty: the data set's own.")] = ""
    task: TargetTask = "auto"  # type: ignore[assignment, misc]
    drop: LeftOut = ()

    source: ClassVar[str] = "https://www.openml.org"

    def examples(self) -> Examples:
        from core.data.columns import examples_of
        from core.data.openml import fetch
        from core.data.tables import tables_folder

        with _named(f"OpenML data set {self.data_id}"):
            frame, target = fetch(self.data_id, self.target, tables_folder().parent)
            return examples_of(frame, target, self.task, self.drop)


@contextmanager
def _named(source: str) -> Iterator[None]:
    """A DataError raised inside begins with the name of the data that it is about."""
    from core.data.examples import DataError

    try:
        yield
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
