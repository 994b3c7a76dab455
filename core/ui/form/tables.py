"""A user's own table: the upload, how the file is read, the types of its columns, the column to predict; and a report on all of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import pandas as pd
import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from core.data.examples import DataError
from core.data.loading import load_data
from core.data.report import Preview, Reading
from core.data.sets.fetched import Table
from core.data.tables import Limits, keep_table, name_of, preview_of, tables_folder
from core.settings import SettingsError, explain
from core.ui import errors, service
from core.ui.form.fields import human
from core.ui.form.values import write_list
from core.ui.markdown import escaped

UNUSABLE = ("text", "unusable")
WORDS = ("header", "separator", "decimal", "thousands", "date_order", "encoding")
"""Fields that say how a file is read, each with a few allowed words."""
PICKED = {"drop": "Leave out", "numbers": "Numbers", "categories": "Categories", "dates": "Dates"}
"""Fields that hold names of columns, and their labels."""
PLACED = {"split_column": "Parts from the column", "group_column": "Keep together by", "time_column": "In order of"}
"""Fields that hold the name of one column or nothing, and their labels."""
OWN = ("path", "sha256", "target", "task", "missing", "sheet", *WORDS, *PICKED, *PLACED)
"""The fields of a table that are drawn here; the others are drawn as for any data set."""
KINDS = {"text": "free text", "unclear": "unclear: please choose"}
NO_PATHS = "the dashboard opens no file by its path; upload the table in the sidebar, or give its sha256"
MOST_LINES = 24
MOST_ROWS = 6


class NextStep(SettingsError):
    """Nothing is wrong yet, but something is still to be chosen."""


def bring(container: DeltaGenerator, key: str, start: Table | None = None) -> Table | None:
    """Draws the upload, all of a table's own settings and the report; returns the table, or None if there is none to train on.

    `container` shows what is still to be chosen, or why a table is refused.
    """
    try:
        table = Table.model_validate(draw(container, key, start))
        show_reading(container, reading_of(table))
    except NextStep as step:
        container.info(escaped(str(step).removeprefix("data: ").removeprefix("data.target: ")))
    except ValidationError as error:
        container.error(errors.as_list(explain(error, {}).splitlines()))
    except (SettingsError, DataError) as error:
        container.error(errors.as_list(str(error).splitlines()))
    else:
        return table
    return None


def draw(container: DeltaGenerator, key: str, start: Table | None) -> dict[str, Any]:
    """Draws the upload and a table's own settings, and returns the fields of `OWN`. Raises SettingsError while no table can be used."""
    _upload(container, key)
    sha256 = container.text_input("SHA-256 of the table", start.sha256 if start else "", key=f"{key}.sha256", bind="query-params") or ""
    sha256 = sha256.strip().lower()
    if not sha256:
        raise NextStep("data: upload your table: CSV, Excel or Parquet")
    if name := name_of(sha256):
        container.caption(f"In use: {escaped(name)}")
    how, about, columns = container.container(), container.container(), container.container()
    read = _how_it_is_read(how, key, start, opened=_trouble(sha256, key))
    names, picked = _columns(columns, key, sha256, read, start)
    target = _target(container, key, names, start)
    _show_preview(about, _preview(sha256, _frozen(read | picked | {"target": target})))
    if target is None:
        raise NextStep("data.target: choose the column to predict")
    task = container.selectbox(
        "Task", get_args(Table.model_fields["task"].annotation), key=f"{key}.task", bind="query-params", help=_help("task")
    )
    placed = _parts(container, key, [name for name in names if name != target], start)
    _check_features(container, key, _preview(sha256, _frozen(read | picked)), target, picked["drop"])
    return {"path": "", "sha256": sha256, "target": target, "task": task, **read, **picked, **placed}


def reading_of(table: Table) -> Reading:
    """How a table is read, split and encoded. Raises DataError for a table that cannot be used for training."""
    reading = load_data(table).reading  # the sizes of runs come from this reading too
    if reading is None:
        raise DataError("it is not a table")
    return reading


def show_reading(container: DeltaGenerator, reading: Reading) -> None:
    """The report: which columns are used, which are not, what is predicted, and what should be checked."""
    with container.container(border=True, gap="xsmall"):
        elsewhere = {*reading.notes, reading.dialect.line()}
        lines = [line for line in reading.lines() if line not in elsewhere]
        st.markdown(f"**How the table is read**  \n{errors.as_list(lines[:1])}")
        st.caption("  \n".join(map(escaped, lines[1:MOST_LINES])))
        if reading.classes:
            _show_classes(reading)
        if reading.notes:
            st.caption(":material/info: " + "  \n:material/info: ".join(map(escaped, reading.notes)))


def without_paths(given: Any) -> Any:
    """A copy of plain settings whose tables are named only by their hashes, since a browser must not choose a file on this machine.

    Raises SettingsError for a table without a hash, and for an override of a table's path.
    """
    if isinstance(given, Mapping):
        if "data.path" in given:
            raise SettingsError(f"data.path: {NO_PATHS}")
        path = given.get("kind") == "table" and given.get("path")
        if path and not given.get("sha256"):
            raise SettingsError(f"data.path: {NO_PATHS}")
        return {name: without_paths(value) for name, value in given.items() if not (path and name == "path")}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [without_paths(item) for item in given]
    return given


def _upload(container: DeltaGenerator, key: str) -> None:
    """Stores the upload as soon as it arrives, so that its hash can be put into its own widget before that widget is drawn."""
    container.file_uploader(
        "Your table",
        key=f"{key}.file",
        on_change=_keep,
        args=(key,),
        help="CSV and similar text files (.csv, .tsv, .txt, .data, .csv.gz), Excel (.xlsx) or Parquet; the content decides the format. "
        "The file is stored in the data folder under the hash of its bytes.",
    )
    if problem := st.session_state.get(f"{key}.problem"):
        container.error(escaped(problem))


def _keep(key: str) -> None:
    file = st.session_state[f"{key}.file"]
    st.session_state[f"{key}.problem"] = ""
    if file is None:
        return
    try:
        limits = Limits(bytes=service.configuration().max_upload_bytes)
        st.session_state[f"{key}.sha256"] = keep_table(file.getvalue(), tables_folder(), file.name, limits, unclear=True)
    except DataError as error:
        st.session_state[f"{key}.problem"] = str(error)


def _frozen(settings: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(settings.items()))


@st.cache_data(max_entries=16, show_spinner=False)
def _previewed(sha256: str, settings: tuple[tuple[str, Any], ...]) -> Preview:
    """Cached, because the bytes under a hash never change. Errors are not cached, since a missing table may be uploaded later."""
    return preview_of(sha256, dict(settings))


def _preview(sha256: str, settings: tuple[tuple[str, Any], ...]) -> Preview:
    try:
        return _previewed(sha256, settings)
    except DataError as error:
        raise SettingsError(f"data: {error}") from error


def _trouble(sha256: str, key: str) -> bool:
    """Whether the table, or one of its columns, cannot be read with the current values of the widgets."""
    said = {name: st.session_state[f"{key}.{name}"] for name in WORDS if f"{key}.{name}" in st.session_state}
    try:
        return any(column.kind == "unclear" for column in _previewed(sha256, _frozen(said)).columns)
    except DataError:
        return True


def _help(name: str) -> str:
    return escaped(Table.model_fields[name].description or "")


def _how_it_is_read(container: DeltaGenerator, key: str, start: Table | None, *, opened: bool) -> dict[str, Any]:
    """The fields that say how the bytes become cells, and which values count as missing."""
    folded = container.expander("How the file is read", expanded=opened)
    said: dict[str, Any] = {}
    with folded:
        for pair in zip(WORDS[::2], WORDS[1::2], strict=True):
            for column, name in zip(st.columns(2, gap="xsmall"), pair, strict=True):
                options = get_args(Table.model_fields[name].annotation)
                index = options.index(getattr(start, name)) if start else 0
                said[name] = column.selectbox(human(name), options, index, key=f"{key}.{name}", bind="query-params", help=_help(name))
        begin = write_list(start.missing) if start else ""
        marks = st.text_input(
            "Missing marks", begin, key=f"{key}.missing", bind="query-params", help=_help("missing"), placeholder="-, -200, insulin=0"
        )
        said["sheet"] = st.text_input("Sheet", start.sheet if start else "", key=f"{key}.sheet", bind="query-params", help=_help("sheet"))
    return said | {"missing": _marks(marks or "")}


def _marks(text: str) -> tuple[str, ...]:
    """Marks separated by commas, or a JSON list, which is needed for a mark that contains a comma."""
    import json

    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise SettingsError(f"data.missing: {text!r} is not a list; write marks separated by commas: -, -200, insulin=0") from error
        return tuple(sorted({str(item) for item in listed}))
    return tuple(sorted({part.strip() for part in text.split(",") if part.strip()}))


def _columns(
    container: DeltaGenerator, key: str, sha256: str, read: dict[str, Any], start: Table | None
) -> tuple[list[str], dict[str, Any]]:
    """The names of the columns, and the fields that set their types."""
    names = [column.name for column in _preview(sha256, _frozen(read)).columns]
    picked: dict[str, Any] = {}
    with container.expander("Types of the columns"):
        for name, label in PICKED.items():
            begin = [column for column in getattr(start, name) if column in names] if start else []
            picked[name] = tuple(sorted(st.multiselect(label, names, begin, key=f"{key}.{name}", help=_help(name), bind="query-params")))
    return names, picked


def _show_preview(container: DeltaGenerator, found: Preview) -> None:
    container.caption(escaped(f"{found.rows:,} rows, {len(found.columns):,} columns; {found.dialect.line()}"))
    if found.notes:
        container.caption("  \n".join(map(escaped, found.notes)))
    rows = [
        (column.name, KINDS.get(column.kind, column.kind), column.distinct, column.missing, column.example, column.how)
        for column in found.columns
    ]
    table = pd.DataFrame(rows, columns=["column", "kind", "different", "missing", "first value", "how"])
    container.dataframe(table, hide_index=True, placeholder="–", height=_height(len(rows)))
    with container.expander("First rows", type="compact"):
        head = pd.DataFrame(found.head, columns=[column.name for column in found.columns])
        st.dataframe(head, hide_index=True, placeholder="–")


def _target(container: DeltaGenerator, key: str, names: list[str], start: Table | None) -> str | None:
    index = names.index(start.target) if start and start.target in names else None
    common = {"placeholder": "The column to predict", "help": "The column to predict."}
    return container.selectbox("Target", names, index, key=f"{key}.target", bind="query-params", **common)  # type: ignore[call-overload]


def _parts(container: DeltaGenerator, key: str, names: list[str], start: Table | None) -> dict[str, str]:
    """Which rows are for training, validation and test, if a column decides it."""
    said = {}
    with container.expander("Which rows train, validate and test"):
        st.caption("The parts are drawn at random, unless a column sets them.")
        for name, label in PLACED.items():
            begin = getattr(start, name) if start else ""
            options = ["", *names]
            index = options.index(begin) if begin in options else 0
            said[name] = st.selectbox(
                label, options, index, key=f"{key}.{name}", bind="query-params", help=_help(name), format_func=_or_none
            )
    return said


def _or_none(name: str) -> str:
    return name or "none"


def _check_features(container: DeltaGenerator, key: str, found: Preview, target: str, drop: Sequence[str]) -> None:
    """Refuses columns that cannot be features, and offers to leave them out with one click."""
    unusable = [column.name for column in found.columns if column.kind in UNUSABLE and column.name != target and column.name not in drop]
    if unusable:
        all_out = (f"{key}.drop", [*drop, *unusable])
        container.button(
            "Leave out all columns that are not numbers, categories or dates", key=f"{key}.clean", on_click=_leave_out, args=all_out
        )
        listed = ", ".join(map(repr, unusable))
        raise SettingsError(f"data.drop: only numbers, categories and dates can be features, so leave out {listed}")


def _leave_out(key: str, names: list[str]) -> None:
    st.session_state[key] = names


def _height(rows: int) -> int | Literal["content"]:
    """The height of a table that shows all rows, if there are few."""
    return "content" if rows <= MOST_ROWS else 248


def _show_classes(reading: Reading) -> None:
    """Bars with the number of rows in each class."""
    most = max(count for _, count in reading.classes)
    rows = pd.DataFrame([(name, count) for name, count in reading.classes], columns=["class", "rows"])
    bars = st.column_config.ProgressColumn("rows", format="localized", min_value=0, max_value=most)
    st.dataframe(rows, hide_index=True, placeholder="–", column_config={"rows": bars}, height=_height(len(rows)))
