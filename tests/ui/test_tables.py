"""A user's own table in the sidebar."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.comparison import Comparison
from core.data.tables import keep_table, tables_folder
from core.settings import SettingsError
from core.ui import tables
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
    assert "unlike 'name'" in script.error[0].value.replace("\\", "")
    script.button(key="compare.data.table.clean").click().run()
    assert Comparison.from_json(script.text[1].value).base.data.drop == ("name",)


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "0" * 64, "x"])
def test_a_hash_that_names_no_table_is_refused(sha256: str):
    script = form({"compare.data": "table", "compare.data.table.sha256": sha256})
    assert script.error
    assert not script.exception


def test_a_path_from_outside_is_refused(tmp_path: Path):
    given = {"kind": "table", "path": str(tmp_path), "target": "x"}
    with pytest.raises(SettingsError, match="no file is opened by its path"):
        tables.without_paths({"base": {"data": given}})
    with pytest.raises(SettingsError, match="no file is opened by its path"):
        tables.without_paths({"variants": [{"name": "a", "data": given}]})
    with pytest.raises(SettingsError, match="no file is opened by its path"):
        tables.without_paths({"vary": {"data.path": [str(tmp_path)]}})
    with pytest.raises(SettingsError, match="no file is opened by its path"):
        tables.without_paths({"variants": [{"name": "a", "data.path": str(tmp_path)}]})


def test_of_a_table_with_a_hash_the_path_is_forgotten(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_bytes(WITH_TEXT)
    table, optimizer = {"kind": "table", "sha256": "0" * 64, "target": "x"}, {"kind": "custom", "path": "torch.optim.SGD"}
    given = {"base": {"data": table | {"path": str(path)}, "optimizer": optimizer}, "variants": [{"name": "a", "data.sha256": ""}]}
    assert tables.without_paths(given)["base"] == {"data": table, "optimizer": optimizer}
    with pytest.raises(SettingsError, match="needs the path of a CSV"):
        Comparison.load(tables.without_paths(given))
