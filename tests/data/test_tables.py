from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.data.loading import DataError, load_data
from core.data.sets import Table
from core.data.tables import find_table, hash_of, keep_table, name_of, preview_of, tables_folder
from tests.data.tables import ROWS, csv, frame, loaded, parquet, read_table

# What a table becomes


def test_numbers_and_categories_are_encoded_by_the_training_part_alone():
    split = loaded(csv(frame()), scale="none")
    ages, names = split.x_train[:, 0], split.feature_names
    assert names[:3] == ("age", "income", "age=missing")
    assert set(names[3:]) == {"city=Bern", "city=Oslo", "city=Rome", "city=missing", "member=False", "member=True"}
    missing = split.x_train[:, 2] == 1
    median = np.median(ages[~missing])
    for x in (split.x_train, split.x_val, split.x_test):
        assert (x[x[:, 2] == 1, 0] == median).all()
        assert np.array_equal(x[:, 3:7].sum(axis=1), np.ones(len(x)))
    assert split.class_names == ("no", "yes")
    every_age = np.concatenate([x[x[:, 2] == 0, 0] for x in (split.x_train, split.x_val, split.x_test)])
    assert sorted(every_age) == sorted(frame()["age"].dropna())


def test_scaled_numbers_and_categories_agree_with_scikit_learn_fitted_by_hand():
    raw, scaled = loaded(csv(frame()), scale="none"), loaded(csv(frame()), scale="standard")
    scaler = StandardScaler().fit(raw.x_train[:, :2])
    for plain, x in ((raw.x_train, scaled.x_train), (raw.x_val, scaled.x_val), (raw.x_test, scaled.x_test)):
        np.testing.assert_allclose(x[:, :2], scaler.transform(plain[:, :2]), rtol=1e-12)
        assert np.array_equal(x[:, 2:], plain[:, 2:])  # flags stay 0 or 1


def test_categories_are_one_hot_as_scikit_learn_has_them():
    table = frame()[["city", "bought"]]
    split = loaded(csv(table), validation_fraction=0, test_fraction=0)
    cities = table["city"].fillna("missing").to_numpy(dtype=object).reshape(-1, 1)
    expected = OneHotEncoder(sparse_output=False).fit(cities)
    assert split.feature_names == tuple(f"city={value}" for value in expected.categories_[0])
    assert np.array_equal(split.x_train, expected.transform(cities))


def test_a_category_the_training_part_does_not_have_gets_no_flag():
    table = frame(40)
    table["city"] = [f"city {row}" for row in range(40)]
    split = loaded(csv(table[["city", "bought"]]))
    assert len(split.feature_names) == len(split.x_train)
    assert split.x_train.sum() == len(split.x_train)
    assert not split.x_val.any()
    assert not split.x_test.any()


def test_csv_and_parquet_of_the_same_table_load_alike():
    texts, columns = loaded(csv(frame())), loaded(parquet(frame()))
    assert texts.feature_names == columns.feature_names
    for part in ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"):
        assert np.array_equal(getattr(texts, part), getattr(columns, part))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_found(separator):
    pd.testing.assert_frame_equal(read_table(csv(frame(), sep=separator)), read_table(csv(frame())))


def test_quotes_spaces_line_ends_blank_lines_and_a_byte_order_mark_are_read():
    content = b'\xef\xbb\xbfname, "x, y",y\r\n\r\n"a ""b"", c", 1.5,0\r\n"two\nlines",?,1\r\n'
    table = read_table(content)
    assert list(table.columns) == ["name", "x, y", "y"]
    assert list(table["name"]) == ['a "b", c', "two\nlines"]
    assert table["x, y"].tolist() == [1.5, pytest.approx(np.nan, nan_ok=True)]


def test_rows_without_a_target_are_left_out_and_counted():
    table = frame()
    table.loc[[3, 8, 20], "bought"] = None
    split = loaded(csv(table))
    assert split.dropped == 3
    assert sum(len(y) for y in (split.y_train, split.y_val, split.y_test)) == ROWS - 3


@pytest.mark.parametrize(
    ("values", "task", "expected"),
    [
        (np.arange(ROWS) % 20, "auto", "classification"),
        (np.arange(ROWS) % 21, "auto", "regression"),
        (np.arange(ROWS) % 2 + 0.5, "auto", "regression"),
        (np.arange(ROWS) % 2 + 0.5, "classification", "classification"),
        (np.arange(ROWS) % 3, "regression", "regression"),
        (np.arange(ROWS) % 2 == 0, "auto", "classification"),
    ],
)
def test_the_target_tells_the_task_unless_the_settings_do(values, task, expected):
    split = loaded(csv(frame().assign(bought=values)), task=task)
    assert split.task == expected
    assert split.outputs == (1 if expected == "regression" else len(set(values)))


def test_classes_that_are_numbers_sort_as_numbers_and_have_whole_names():
    split = loaded(csv(frame().assign(bought=np.resize([10.0, 9.0, np.nan, 2.0], ROWS))))
    assert split.class_names == ("2", "9", "10")


def test_a_class_too_rare_to_stratify_does_not_stop_the_split():
    table = frame()
    table.loc[5, "bought"] = "perhaps"
    split = loaded(csv(table))
    assert split.class_names == ("no", "perhaps", "yes")
    assert (len(split.y_train), len(split.y_val), len(split.y_test)) == (36, 12, 12)


def test_a_column_that_is_missing_in_the_whole_training_part_is_no_nan():
    table = frame()[["age", "bought"]].assign(rare=np.nan)
    first = loaded(csv(table.assign(row=np.arange(ROWS))), drop=("rare",), scale="none")
    table.loc[int(first.x_test[0, list(first.feature_names).index("row")]), "rare"] = 5.0
    split = loaded(csv(table), scale="standard")
    assert not split.x_train[:, split.feature_names.index("rare")].any()
    assert all(np.isfinite(x).all() for x in (split.x_train, split.x_val, split.x_test))


def test_dropped_columns_are_no_features():
    split = loaded(csv(frame().assign(note=[f"note {row}" for row in range(ROWS)])), drop=("note", "city"))
    assert not any(name.startswith(("note", "city")) for name in split.feature_names)


def test_a_preview_says_what_each_column_holds():
    table = frame().assign(note=[f"note {row}" for row in range(ROWS)], nothing=np.nan, day=pd.Timestamp("2020-02-01"))
    columns = {column.name: column for column in preview_of(parquet(table)).columns}
    assert {name: column.kind for name, column in columns.items()} == {
        "age": "number",
        "income": "number",
        "city": "category",
        "member": "category",
        "bought": "category",
        "note": "text",
        "nothing": "unusable",
        "day": "date",
    }
    assert (columns["city"].missing, columns["city"].distinct) == (7, 3)
    assert columns["note"].example == "note 0"
    kept = preview_of(keep_table(csv(table), tables_folder(), "t.csv"))
    assert [column.name for column in kept.columns] == list(table.columns)


# Whose table it is


def test_the_same_bytes_under_another_path_are_the_same_data(tmp_path):
    content = csv(frame())
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.txt").write_bytes(content)
    tables = [Table(path=str(tmp_path / name), target="bought") for name in ("a.csv", "b.txt")]
    uploaded = Table(sha256=hashlib.sha256(content).hexdigest(), target="bought")
    assert tables[0].identity() == tables[1].identity() == uploaded.identity()
    assert uploaded.identity() == {"kind": "table", "sha256": hashlib.sha256(content).hexdigest(), "target": "bought"}
    assert np.array_equal(load_data(tables[0]).x_train, load_data(tables[1]).x_train)
    (tmp_path / "b.txt").write_bytes(content + b"1,2,Bern,True,no\n")
    assert Table(path=str(tmp_path / "b.txt"), target="bought").identity() != uploaded.identity()


def test_the_order_of_dropped_columns_does_not_matter():
    tables = [Table(sha256="0" * 64, target="y", drop=drop) for drop in (("b", "a"), ["a", "b", "b"])]
    assert tables[0] == tables[1]


def test_settings_survive_a_round_trip_without_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv(frame()))
    table = Table(path=str(path), target="bought")
    path.unlink()
    assert Table.model_validate(table.model_dump()) == table


def test_a_kept_table_is_the_same_bytes_under_their_hash(home):
    for content, suffix in ((csv(frame()), "csv"), (parquet(frame()), "parquet")):
        sha256 = keep_table(content, tables_folder(), "any name.pdf")
        assert sha256 == hashlib.sha256(content).hexdigest() == hash_of(content)
        assert (home / "tables" / f"{sha256}.{suffix}").read_bytes() == find_table(sha256) == content


def test_nothing_is_written_when_a_table_is_refused_or_the_writing_fails(tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    with pytest.raises(DataError, match=r"^sales\.csv: .*ragged"):
        keep_table(b"a,b\n1,2,3\n", folder, "sales.csv")
    assert not folder.exists()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        keep_table(csv(frame()), folder, "sales.csv")
    assert list(folder.iterdir()) == []


def test_a_kept_table_remembers_its_files_name():
    sha256 = keep_table(csv(frame()), tables_folder(), "sales Ä.csv")
    assert name_of(sha256) == "sales Ä.csv"
    assert [name_of(other) for other in ("0" * 64, "../../x", "")] == ["", "", ""]


def test_keeping_a_file_leaves_it_where_it_was(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv(frame()))
    assert keep_table(path, tables_folder(), path.name) == hash_of(path)
    assert path.read_bytes() == csv(frame())


def test_a_table_is_found_in_the_data_folder_before_its_path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv(frame()))
    table = Table(path=str(path), target="bought")
    keep_table(path, tables_folder(), path.name)
    path.write_bytes(b"changed")
    assert len(load_data(table).y_train) == 36


def test_a_file_that_changed_since_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv(frame()))
    table = Table(path=str(path), target="bought")
    path.write_bytes(csv(frame(50)))
    with pytest.raises(DataError, match=r"a\.csv has changed: .*remove sha256 from the settings"):
        load_data(table)


def test_a_table_that_is_nowhere_is_asked_for(home):
    with pytest.raises(DataError, match=rf"^Table 0{{12}}\.\.\.: .*neither in {home}.*Upload it again"):
        load_data(Table(sha256="0" * 64, target="y"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "A table needs the path of a CSV or Parquet file, or the sha256"),
        ({"path": "no/such.csv"}, r"There is no file at no/such\.csv"),
        ({"path": "."}, "There is no file at"),
        ({"sha256": "../../etc/passwd"}, "sha256"),
        ({"sha256": "0" * 64, "target": ""}, "target"),
    ],
)
def test_settings_that_name_no_table_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        Table(**{"target": "y", **fields})


def test_a_hash_that_is_a_path_is_refused_before_it_is_one():
    with pytest.raises(DataError, match="is not a SHA-256"):
        find_table("../../../etc/passwd")


def test_the_data_folder_is_the_users_when_none_is_set(monkeypatch):
    monkeypatch.delenv("TANDEM_HOME")
    assert tables_folder().parts[-2:] == ("tandem", "tables")
    monkeypatch.setenv("TANDEM_HOME", "/somewhere")
    assert tables_folder() == Path("/somewhere/tables")
