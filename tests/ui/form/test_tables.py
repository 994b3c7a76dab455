"""A user's own table in the sidebar."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.data.sets import DataChoice, Table
from core.data.tables import keep_table, tables_folder
from core.settings import SettingsError
from core.ui.form import links, tables
from tests.ui.conftest import form

GOOD = b"height,colour,label\n" + b"".join(
    b"%d.5,%s,%s\n" % (n, b"red" if n % 3 else b"blue", b"yes" if n % 2 else b"no") for n in range(40)
)
WITH_TEXT = b"name,height,label\n" + b"".join(
    b"person number %d of the village,%d.5,%s\n" % (n, n, b"yes" if n % 2 else b"no") for n in range(120)
)


def kept(content: bytes) -> str:
    return keep_table(content, tables_folder(), "given.csv")


def test_the_next_step_is_asked_for_without_an_error():
    script = form({"compare.data": "table"})
    assert "upload your table" in script.info[0].value
    assert not script.error
    script.text_input(key="compare.data.table.sha256").set_value(kept(GOOD)).run()
    assert "choose the column to predict" in script.info[0].value
    script.selectbox(key="compare.data.table.target").set_value("label").run()
    data = Comparison.from_json(script.text[1].value).base.data
    assert (data.kind, data.target, data.sha256) == ("table", "label", kept(GOOD))


def test_an_upload_is_kept_and_named_by_its_hash():
    script = form({"compare.data": "table"})
    script.file_uploader(key="compare.data.table.file").set_value(("mine.csv", GOOD, "text/csv")).run()
    assert script.text_input(key="compare.data.table.sha256").value == kept(GOOD)
    assert (tables_folder() / f"{kept(GOOD)}.csv").read_bytes() == GOOD


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\x89PNG\r\n\x1a\n\x00\x00", "binary"), (b"", "mine.csv"), (b"PK\x03\x04archive", "mine.csv"), (b"a\n1\n", "mine.csv")],
)
def test_a_file_that_is_no_table_is_refused_by_name(content: bytes, said: str):
    script = form({"compare.data": "table"})
    script.file_uploader(key="compare.data.table.file").set_value(("mine.csv", content, "text/csv")).run()
    assert not script.exception
    assert said in script.error[0].value.replace("\\", "")
    assert not tables_folder().exists() or not list(tables_folder().iterdir())


def test_columns_of_text_are_left_out_by_one_click():
    script = form({"compare.data": "table", "compare.data.table.sha256": kept(WITH_TEXT), "compare.data.table.target": "label"})
    assert "leave out 'name'" in script.error[0].value.replace("\\", "")
    script.button(key="compare.data.table.clean").click().run()
    assert Comparison.from_json(script.text[1].value).base.data.drop == ("name",)


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "0" * 64, "x"])
def test_a_hash_that_names_no_table_is_refused(sha256: str):
    script = form({"compare.data": "table", "compare.data.table.sha256": sha256})
    assert script.error
    assert not script.exception


def test_a_path_from_outside_is_refused(tmp_path: Path):
    given = {"kind": "table", "path": str(tmp_path), "target": "x"}
    with pytest.raises(SettingsError, match="opens no file by its path"):
        tables.without_paths({"base": {"data": given}})
    with pytest.raises(SettingsError, match="opens no file by its path"):
        tables.without_paths({"variants": [{"name": "a", "data": given}]})
    with pytest.raises(SettingsError, match="opens no file by its path"):
        tables.without_paths({"vary": {"data.path": [str(tmp_path)]}})
    with pytest.raises(SettingsError, match="opens no file by its path"):
        tables.without_paths({"variants": [{"name": "a", "data.path": str(tmp_path)}]})


def test_of_a_table_with_a_hash_the_path_is_forgotten(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_bytes(WITH_TEXT)
    table, optimizer = {"kind": "table", "sha256": "0" * 64, "target": "x"}, {"kind": "custom", "path": "torch.optim.SGD"}
    given = {"base": {"data": table | {"path": str(path)}, "optimizer": optimizer}, "variants": [{"name": "a", "data.sha256": ""}]}
    assert tables.without_paths(given)["base"] == {"data": table, "optimizer": optimizer}
    with pytest.raises(SettingsError, match="needs the path of a CSV"):
        Comparison.load(tables.without_paths(given))


CASES = Path(__file__).parents[2] / "data" / "cases"
DATA = "compare.data.table"


def opened(name: str, **settings: str | list[str]) -> AppTest:
    """The form with the table of a case chosen, and settings of it in the link."""
    sha256 = keep_table(next(CASES.glob(f"*/{name}")), tables_folder(), name, unclear=True)
    return form({"compare.data": "table", f"{DATA}.sha256": sha256} | {f"{DATA}.{key}": value for key, value in settings.items()})


def said(script: AppTest) -> str:
    return "\n".join(element.value for element in (*script.markdown, *script.caption)).replace("\\", "")


def data_of(script: AppTest) -> Table:
    data = Comparison.from_json(script.text[1].value).base.data
    assert isinstance(data, Table)
    return data


@pytest.mark.parametrize("name", ["tabs.tsv", "spaces.txt", "token0.csv"])
def test_a_file_of_any_ending_is_taken_for_what_is_inside(name: str):
    script = form({"compare.data": "table"})
    content = next(CASES.glob(f"*/{name}")).read_bytes()
    script.file_uploader(key=f"{DATA}.file").set_value((name, content, "application/octet-stream")).run()
    assert not script.error
    assert "choose the column to predict" in script.info[0].value


def test_how_a_table_is_read_is_said_before_anything_is_trained():
    text = said(opened("typo.csv", target="label"))
    assert "1,001 of 1,001 rows" in text
    assert "3 classes: fail 50, flai 1, ok 950" in text
    assert "The class 'flai' has one row" in text


def test_an_example_in_the_first_line_is_mended_by_one_choice():
    script = form({"compare.data": "table"})
    content = next(CASES.glob("*/flowers.csv")).read_bytes()
    script.file_uploader(key=f"{DATA}.file").set_value(("flowers.csv", content, "text/csv")).run()
    assert "first line holds data" in script.error[0].value
    script.selectbox(key=f"{DATA}.header").set_value("none").run()
    assert not script.error
    script.selectbox(key=f"{DATA}.target").set_value("column_3").run()
    assert data_of(script).header == "none"
    assert "150 of 150 rows" in said(script)


def test_two_readings_of_a_number_are_offered():
    script = opened("thousands.csv", target="label")
    assert "'2,000' could be 2000 or 2.000" in script.error[0].value.replace("\\", "")
    script.selectbox(key=f"{DATA}.decimal").set_value("point").run()
    assert not script.error
    assert data_of(script).decimal == "point"


def test_every_setting_of_a_table_is_in_the_form_and_in_links():
    table = {
        "kind": "table",
        "sha256": kept(WITH_TEXT + b"x,-,yes\n"),
        "target": "label",
        "task": "classification",
        "drop": ["name"],
        "categories": ["height"],
        "missing": ["-", "-200", "height=0"],
        "header": "first_line",
        "separator": "comma",
        "decimal": "point",
        "thousands": "none",
        "date_order": "day_first",
        "encoding": "utf-8",
        "sheet": "first",
    }
    comparison = Comparison.load({"base": {"data": table}, "vary": {"optimizer.lr": [0.1]}})
    assert set(table) - {"kind", "sha256", "target"} <= set(tables.OWN)
    assert set(Table.model_fields) - set(DataChoice.model_fields) - {"kind"} == set(tables.OWN)
    assert data_of(form(links.query_for("compare", comparison))).model_dump() == comparison.base.data.model_dump()


@pytest.mark.parametrize("field", tables.PLACED)
def test_a_column_may_say_the_parts_in_the_form(field: str):
    rows = "".join(f"{n}.5,{('train', 'val', 'test')[n % 3]},{n},{'yes' if n % 2 else 'no'}\n" for n in range(60))
    sha256 = kept(f"height,part,when,label\n{rows}".encode())
    column = {"split_column": "part", "group_column": "part", "time_column": "when"}[field]
    script = form({"compare.data": "table", f"{DATA}.sha256": sha256, f"{DATA}.target": "label", f"{DATA}.{field}": column})
    assert getattr(data_of(script), field) == column
    assert repr(column) in said(script)


DOOR = """
import streamlit as st
from core.ui.form import tables
table = tables.bring(st.container(), "door")
st.text("nothing yet" if table is None else table.model_dump_json())
"""


def test_a_door_asks_for_one_thing_after_the_other_and_gives_the_table():
    script = AppTest.from_string(DOOR, default_timeout=20).run()
    assert ("upload your table" in script.info[0].value, script.text[0].value) == (True, "nothing yet")
    script.file_uploader(key="door.file").set_value(("mine.csv", GOOD, "text/csv")).run()
    assert ("choose the column" in script.info[0].value, script.text[0].value) == (True, "nothing yet")
    script.selectbox(key="door.target").set_value("label").run()
    assert Table.model_validate_json(script.text[0].value) == Table(sha256=kept(GOOD), target="label")
    script.multiselect(key="door.drop").set_value(["height", "colour"]).run()
    assert ("No column is left" in script.error[0].value, script.text[0].value) == (True, "nothing yet")


def test_the_preview_knows_the_target():
    script = opened("none.csv", target="disorder")
    columns = script.dataframe[0].value.set_index("column")
    assert columns.loc["disorder", ["different", "missing"]].tolist() == [3, 0]
