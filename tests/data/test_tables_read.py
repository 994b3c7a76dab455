"""Tables as people write them are read as a person would, or refused with the true cause."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.loading import DataError, Split, load_data
from core.data.sets.fetched import Table
from core.data.tables import preview_of
from tests.data.tables import csv, frame, loaded, parquet, workbook

CASES = Path(__file__).parent / "cases"


def case(name: str, target: str, **settings: object) -> Split:
    return load_data(Table(path=str(next(CASES.glob(f"*/{name}"))), target=target, **settings))


def of(text: str, target: str = "y", **settings: object) -> Split:
    return loaded(text.encode(), target=target, **settings)


def repeated(*rows: str, header: str = "x,y", times: int = 10) -> str:
    return "\n".join([header, *rows * times, ""])


def numbers(split: Split) -> np.ndarray:
    """All examples' first feature, in any order."""
    return np.sort(np.concatenate([split.x_train, split.x_val, split.x_test])[:, 0])


# Numbers never silently become categories

WRITTEN = sorted(path.name for path in (CASES / "01_numbers_read_as_categories").iterdir())
ROUNDED = ("currency.csv", "percent.csv")
ASKED = {"thousands.csv": "'x' is unclear: '2,000' could be 2000 or 2.000"}


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ASKED and not name.startswith("decimal_comma_target")])
def test_numbers_however_they_are_written_are_the_numbers_of_the_plain_table(name):
    plain, split = (case(written, "label", scale="none") for written in ("dot.csv", name))
    flags = [feature for feature in split.feature_names if feature.endswith("=missing")]
    assert split.feature_names == (*plain.feature_names, *flags)
    assert flags == (["x=missing"] if name.startswith(("token", "quoted")) else [])
    known = split.x_train[:, 2] == 0 if flags else np.ones(len(split.x_train), dtype=bool)
    close = {"atol": 0.51} if name in ROUNDED else {"rtol": 1e-15}
    np.testing.assert_allclose(split.x_train[known, :2], plain.x_train[known, :2], **close)


@pytest.mark.parametrize(("name", "message"), ASKED.items())
def test_what_could_be_two_numbers_is_asked(name, message):
    with pytest.raises(DataError, match=message):
        case(name, "label")
    thousands, ones = (case(name, "label", decimal=decimal, scale="none") for decimal in ("point", "comma"))
    np.testing.assert_array_equal(thousands.x_train[:, 0], 1000 * ones.x_train[:, 0])
    np.testing.assert_array_equal(case(name, "label", thousands="comma", scale="none").x_train, thousands.x_train)


def test_a_target_with_decimal_commas_is_a_quantity():
    assert case("decimal_comma_target.csv", "y").task == "regression"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ('"1,234,567"', 1234567),
        ('"1,234.5"', 1234.5),
        ('"20,4"', 20.4),
        ('"0,123"', 0.123),
        ('"1.234,5"', 1234.5),
        ("1 234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("1\u00a0234", 1234),
        ("20 %", 20),
        ("€ 3.50", 3.5),
        ("3.50 EUR", 3.5),
        ("-$5", -5),
        ("(20)", -20),
        ("\u22124", -4),
        ("+5", 5),
        ("12 kg", 12),
        ("1e-3", 0.001),
        (".5", 0.5),
    ],
)
def test_one_way_to_write_a_number_that_can_be_read_in_one_way_is_read(written, number):
    split = of(repeated(f"{written},p", f"{written},q", header="x,y"), scale="none")
    assert split.feature_names == ("x",)
    np.testing.assert_allclose(numbers(split), number, rtol=1e-15)


def test_what_the_other_columns_say_decides_between_two_readings_where_a_semicolon_separates():
    split = of(repeated("1,234;20,4;p", "2,345;3,1;q", header="x;z;y"), scale="none")
    np.testing.assert_allclose(np.unique(numbers(split)), [1.234, 2.345])
    with pytest.raises(DataError, match=r"'x' is unclear: '1.234' could be 1234 or 1.234"):
        of(repeated("1.234;20,4;p", "2.345;3,1;q", header="x;z;y"))


@pytest.mark.parametrize("token", ["abc", "12 kg", "<5", "3+", "1/2", "10-20"])
def test_a_strange_text_among_numbers_is_named_with_its_line_and_never_makes_categories(token):
    text = repeated("1.5,p", "2.5,q") + f"{token},p\n"
    with pytest.raises(
        DataError, match=r"'x' is unclear: it holds numbers in 20 rows, and in 1 '[^']+' \(line 22\).*missing = .*categories = "
    ):
        of(text)
    split = of(text, missing=(token,))
    assert split.feature_names[0] == "x"
    assert of(text, numbers=("x",)).feature_names[0] == "x"
    assert of(text, categories=("x",)).feature_names[0].startswith("x=")


def test_marks_of_missing_values_may_hold_for_all_columns_or_one():
    text = repeated("0,-200,p", "1,0,q", "2,5,p", header="x,z,y")
    split = of(text, missing=("-200", "x=0"), scale="none", validation_fraction=0, test_fraction=0)
    by_name = dict(zip(split.feature_names, split.x_train.T, strict=True))
    assert set(by_name) == {"x", "z", "x=missing", "z=missing"}
    assert by_name["x=missing"].sum() == by_name["z=missing"].sum() == 10
    assert set(by_name["z"][by_name["z=missing"] == 0]) == {0, 5}


def test_codes_that_are_numbers_may_be_categories():
    split = of(repeated("01,p", "2,q", "3,p"), categories=("x",))
    assert split.feature_names == ("x=01", "x=2", "x=3")


# Classes, header, task


@pytest.mark.parametrize("name", ["na.csv", "none.csv", "none_yes.csv", "sleep.csv"])
def test_a_class_may_be_called_none(name):
    path = next(CASES.glob(f"*/{name}"))
    target = path.read_text().splitlines()[0].split(",")[1]
    split = case(name, target)
    expected = pd.read_csv(path, keep_default_na=False)[target].value_counts().sort_index()
    assert split.reading is not None
    assert split.reading.classes == tuple((str(key), int(count)) for key, count in expected.items())
    assert split.dropped == 0


def test_only_an_empty_field_and_a_question_mark_are_no_class():
    split = of(repeated("1,NA", "2,b", "3,", "4,?"))
    assert (split.class_names, split.dropped) == (("NA", "b"), 20)


@pytest.mark.parametrize("name", ["flowers.csv", "repeats.csv"])
def test_an_example_is_not_taken_for_names(name):
    path = next(CASES.glob(f"*/{name}"))
    rows = path.read_text().splitlines()
    width = len(rows[0].split(","))
    with pytest.raises(DataError, match=r'first line holds data, not names: .*set header to "none"'):
        case(name, f"column_{width}")
    split = case(name, f"column_{width}", header="none")
    assert split.reading is not None
    assert split.reading.used == len(rows)


@pytest.mark.parametrize("header", ["country,1990,1991", "a,b,c", "1990,country,y", "x1,x2,p"])
def test_names_are_not_taken_for_an_example(header):
    rows = ("p,1.5,2.5", "q,2.5,3.5", "r,4,1") if not header.startswith("1990") else ("1.5,p,0", "2.5,q,1")
    assert of(repeated(*rows, header=header), target=header.split(",")[-1]).reading is not None


def test_a_quantity_is_one_where_more_than_half_of_its_values_differ_and_the_task_is_said():
    prices, grades = case("prices.csv", "price"), case("grades.csv", "grade")
    assert (prices.task, grades.task) == ("regression", "classification")
    assert "more than half" in prices.reading.text()
    assert "19 different whole numbers" in grades.reading.text()
    assert case("grades.csv", "grade", task="regression").task == "regression"


@pytest.mark.parametrize("task", ["auto", "regression", "classification"])
def test_a_constant_target_of_numbers_is_refused_as_such(task):
    with pytest.raises(DataError, match="holds one class only, 5, or one number: there is nothing to predict"):
        of(repeated("1,5", "2,5"), task=task)


# Forms of files

FORMS = {
    "commas_in_header.csv": ("a, in cm", "b, in m, or so"),
    **dict.fromkeys(
        ("comment_line.csv", "sep_line.csv", "spaces.txt", "title_line.csv", "trailing_comma.csv", "trailing_comma_rows.csv"), ("a", "b")
    ),
    "tabs.tsv": ("a", "b"),
}


@pytest.mark.parametrize(("name", "names"), FORMS.items())
def test_the_forms_of_csv_are_read(name, names):
    split = case(name, "y", scale="none", validation_fraction=0, test_fraction=0)
    assert split.feature_names == names
    np.testing.assert_array_equal(split.x_train, [[row, 2 * row] for row in range(40)])


def test_a_pointer_of_git_lfs_is_called_one():
    with pytest.raises(DataError, match="pointer of Git LFS"):
        case("lfs_pointer.csv", "y")


def test_blanks_separate_numbers_and_dates_and_no_words():
    text = "day  n\n" + "".join(f"2024-01-{day:02d}   {'ab'[day % 2]}\n" for day in range(1, 29))
    assert of(text, target="n").feature_names[-1] == "day.days"
    with pytest.raises(DataError, match="one column"):
        of("Dear all\nnothing here\nno table\nat all\n")


SAVED: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "utf-8": csv,
    "utf-8 with a mark": lambda table: b"\xef\xbb\xbf" + csv(table),
    "utf-16": lambda table: csv(table).decode().encode("utf-16"),
    "utf-16 without a mark": lambda table: csv(table).decode().encode("utf-16-le"),
    "windows-1252": lambda table: csv(table).decode().encode("cp1252"),
    "tabs": lambda table: csv(table, sep="\t"),
    "bars": lambda table: csv(table, sep="|"),
    "semicolons and commas": lambda table: csv(table, sep=";", decimal=","),
    "line ends of windows": lambda table: csv(table).replace(b"\n", b"\r\n"),
    "gzip": lambda table: gzip.compress(csv(table)),
    "gzip in two members": lambda table: gzip.compress(csv(table)[:500]) + gzip.compress(csv(table)[500:]),
    "parquet in gzip": lambda table: gzip.compress(parquet(table)),
    "parquet": parquet,
    "excel": workbook,
}


@pytest.mark.parametrize("form", SAVED)
def test_a_table_is_the_same_in_every_form(form):
    table = frame().assign(place=np.resize(["Zürich", "Genève"], 60))
    plain, split = loaded(csv(table)), loaded(SAVED[form](table))
    assert split.feature_names == plain.feature_names
    for part in ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(split, part), getattr(plain, part))


@pytest.mark.parametrize("to", ["csv", "excel", "parquet"])
def test_dates_are_numbers_in_every_form(to):
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in range(60)]
    table = pd.DataFrame({"day": pd.Series(days, dtype="object" if to == "csv" else "datetime64[s]"), "y": np.resize(["p", "q"], 60)})
    split = loaded(SAVED[{"csv": "utf-8"}.get(to, to)](table), target="y", scale="none", validation_fraction=0, test_fraction=0)
    assert split.feature_names == ("day.year", "day.month", "day.weekday", "day.days")
    np.testing.assert_array_equal(split.x_train, [[day.year, day.month, day.weekday(), place] for place, day in enumerate(days)])


@pytest.mark.parametrize(
    ("written", "day"),
    [("31.12.2023", 31), ("12/31/2023", 31), ("31/12/2023", 31), ("2023/12/31", 31), ("31 Dec 2023", 31), ("Dec 31, 2023", 31)],
)
def test_dates_are_read_as_people_write_them(written, day):
    split = of(repeated(f'"{written}",p', f'"{written}",q'), scale="none")
    assert split.x_train[0].tolist() == [2023, 12, dt.date(2023, 12, day).weekday(), 0]


def test_a_day_that_could_be_a_month_is_asked():
    text = repeated("03/04/2024,p", "05/06/2024,q")
    with pytest.raises(DataError, match=r"'x' is unclear: in '03/04/2024' the day or the month may come first.*date_order"):
        of(text)
    april, march = (of(text, date_order=order, scale="none").x_train[:, 1] for order in ("day_first", "month_first"))
    assert (set(april), set(march)) == ({4, 6}, {3, 5})


def test_days_are_counted_from_the_first_of_the_training_part():
    split = case("days.csv", "y", scale="none", time_column="day")
    days = split.feature_names.index("day.days")
    assert split.x_train[:, days].min() == 0
    assert split.x_val[:, days].min() > 0


# What is said of it


def test_the_report_says_rows_classes_columns_and_what_was_filled():
    table = frame()
    table.loc[[3, 8, 20], "bought"] = None
    reading = loaded(csv(table)).reading
    assert (reading.rows, reading.used, reading.left_out) == (60, 57, (("without a target", 3),))
    assert sum(count for _, count in reading.classes) == 57
    kinds = {column.name: (column.kind, column.role) for column in reading.columns}
    assert kinds["age"] == ("number", "feature")
    assert kinds["city"] == ("category", "feature")
    assert kinds["bought"] == ("category", "target")
    assert reading.features == 9  # age and its flag, income, 4 of city, 2 of member
    text = reading.text()
    assert "57 of 60 rows (3 without a target)" in text
    assert "'age': 9 missing: the training part's median and a flag" in text
    assert "36 training" not in text
    assert "stratified by class" in text


def test_a_column_that_numbers_the_rows_is_pointed_out():
    table = frame().assign(id=np.random.default_rng(0).permutation(np.arange(1, 61)))
    assert "'id' numbers the rows" in loaded(csv(table)).reading.text()
    assert "numbers the rows" not in loaded(csv(frame())).reading.text()


@pytest.mark.parametrize("kind", ["category", "threshold", "linear"])
def test_a_column_that_gives_the_target_away_is_pointed_out(kind):
    generator = np.random.default_rng(0)
    table = frame().assign(noise=generator.normal(size=60))
    settings: dict[str, object] = {}
    if kind == "category":
        table["told"] = np.where(table["bought"] == "yes", "paid", "open")
    elif kind == "threshold":
        table["told"] = np.where(table["bought"] == "yes", 5.0, -5.0) + generator.normal(size=60).clip(-2, 2)
    else:
        table["bought"] = generator.normal(size=60)
        table["told"] = 3 * table["bought"] + 1
    notes = loaded(csv(table), **settings).reading.notes
    assert [note.split("'")[1] for note in notes] == ["told"]


def test_a_preview_needs_no_target():
    preview = preview_of(csv(frame()))
    assert [column.kind for column in preview.columns] == ["number", "number", "category", "category", "category"]
    assert preview.target == "bought"
    assert len(preview.head) == 5


# Which rows train


def test_a_class_of_one_is_placed_by_chance_and_the_others_are_stratified():
    for seed in range(5):
        split = case("typo.csv", "label", split_seed=seed)
        places = [np.bincount(part, minlength=3) for part in (split.y_train, split.y_val, split.y_test)]
        assert [int(place[split.class_names.index("fail")]) for place in places] == [30, 10, 10]
        assert sum(place[split.class_names.index("flai")] for place in places) == 1
        assert "The class 'flai' has one row, which was placed at random" in split.reading.text()


def test_a_column_may_say_the_parts():
    table = frame().assign(part=["Train"] * 30 + ["val"] * 20 + ["TEST"] * 10, row=np.arange(60.0))
    split = loaded(csv(table), split_column="part", scale="none")
    row = split.feature_names.index("row")
    assert [sorted(x[:, row]) for x in (split.x_train, split.x_val, split.x_test)] == [[*range(30)], [*range(30, 50)], [*range(50, 60)]]
    assert not any(name.startswith("part") for name in split.feature_names)
    with pytest.raises(DataError, match="'part', which is to say the parts, holds also 'maybe'"):
        loaded(csv(table.replace({"part": {"val": "maybe"}})), split_column="part")


@pytest.mark.parametrize("seed", range(3))
def test_no_group_is_in_two_parts(seed):
    table = frame(120).assign(patient=np.resize([f"p{n}" for n in range(17)], 120), row=np.arange(120.0))
    split = loaded(csv(table), group_column="patient", split_seed=seed, scale="none")
    row = split.feature_names.index("row")
    groups = [set(x[:, row].astype(int) % 17) for x in (split.x_train, split.x_val, split.x_test)]
    assert [len(part) for part in groups] == [11, 3, 3]
    assert len(set.union(*groups)) == 17
    assert not any(name.startswith("patient") for name in split.feature_names)


def test_the_latest_rows_are_the_test():
    table = frame().assign(when=np.random.default_rng(0).permutation(60).astype(float) + 0.5)
    split = loaded(csv(table), time_column="when", scale="none")
    when = split.feature_names.index("when")
    assert split.x_train[:, when].max() < split.x_val[:, when].min() < split.x_val[:, when].max() < split.x_test[:, when].min()
    assert "when" not in " ".join(loaded(csv(table), time_column="when", drop=("when",)).feature_names)


def test_texts_of_parquet_may_be_numbers_too():
    table = pa.table({"x": pa.array(["20,4", "1,5"] * 20), "y": pa.array(["p", "q"] * 20)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    assert set(numbers(loaded(buffer.getvalue(), target="y", scale="none"))) == {20.4, 1.5}


def test_a_sheet_of_a_workbook_may_be_named():
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as book:
        pd.DataFrame({"about": ["made by a program"]}).to_excel(book, sheet_name="Notes", index=False)
        frame().to_excel(book, sheet_name="Sales", index=False)
    split = loaded(buffer.getvalue(), sheet="Sales", unclear=True)
    assert split.reading.used == 60
    with pytest.raises(DataError, match=r"no sheet 'Sale'\. Its sheets are 'Notes', 'Sales'"):
        loaded(buffer.getvalue(), sheet="Sale", unclear=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_an_encoding_that_is_named_is_used_or_refused(encoding):
    content = "x,y\n1,Zürich\n2,Bern\n".encode("windows-1252") + b"3,Bern\n" * 10
    if encoding == "windows-1252":
        assert loaded(content, target="y", encoding=encoding).reading.dialect.encoding == "Windows-1252"
    else:
        with pytest.raises(DataError):
            loaded(content, target="y", encoding=encoding)
