from __future__ import annotations

import math

import numpy as np
import pytest
from sqlalchemy import select

from core.comparison import Comparison
from core.data.tables import keep_table, tables_folder
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS, Records
from core.runs.store import Store, UnknownComparisonError, recording
from core.runs.store.asking import default_name
from core.runs.store.schema import runs
from core.settings import SettingsError
from tests.runs.helpers import Bench, comparison, ended_row, history_row, layer_rows, records_of, value

TWO = comparison(0.1, 0.01, seeds=2)


def write(store: Store, records: Records) -> None:
    with store.database.writing() as connection:
        ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
        recording.record(connection, ids, records)


@pytest.fixture
def asked(store: Store) -> str:
    """A comparison of which nothing has been trained."""
    return store.request(TWO, "run")


def test_the_history_has_the_columns_of_the_contract_and_the_order_of_the_runs(store, asked):
    for run in reversed(TWO.runs()):
        write(store, records_of(run, 0, 10, 20))
    frame, _ = store.history(asked)
    assert list(frame.columns) == ["variant", "seed", *HISTORY_COLUMNS]
    assert list(zip(frame["variant"], frame["seed"], frame["step"], strict=True)) == [
        (variant, run.seed, step) for variant, run in TWO.members for step in (0, 10, 20)
    ]


def test_numbers_come_back_to_the_last_bit(store, asked):
    run = TWO.runs()[1]
    write(store, records_of(run, 0, 10))
    frame, _ = store.history(asked)
    for name in ("train_loss", "lr", "weight_norm"):
        assert frame[name].tolist() == [value(run, 0, name), value(run, 10, name)]
    layers, _ = store.layers(asked)
    assert layers["grad_norm"].iloc[0] == value(run, 0, "grad_norm")


def test_nan_and_infinity_come_back_as_they_were(store, asked):
    run = TWO.runs()[0]
    records = Records(history=[history_row(run, 0, train_loss=math.nan, val_loss=math.inf, lr=-math.inf, grad_norm=5e-324)])
    write(store, records)
    row = store.history(asked)[0].iloc[0]
    assert math.isnan(row["train_loss"])
    assert (row["val_loss"], row["lr"], row["grad_norm"]) == (math.inf, -math.inf, 5e-324)


def test_text_comes_back_as_it_was(store):
    odd = "Größe 勾配 🙂 '; DROP TABLE runs; -- %_\\"
    named = store.request(TWO, "run", name=odd)
    store.note(named, f"line 1\nline 2 {odd} \u202e")
    row = store.comparisons().iloc[0]
    assert (row["name"], row["note"]) == (odd, f"line 1\nline 2 {odd} \u202e")
    assert store.comparison(named) == TWO


def test_layers_are_in_order_from_the_input(store, asked):
    run = TWO.runs()[0]
    write(store, records_of(run, 0, 10))
    frame, _ = store.layers(asked)
    assert set(LAYER_COLUMNS) - {"low", "high", "counts"} <= set(frame.columns)
    assert frame["layer"].tolist() == [row["layer"] for _ in range(2) for row in layer_rows(run, 0)]
    assert frame["epoch"].tolist() == [0.0] * 11 + [1.0] * 11


def test_histograms_come_back_as_arrays_of_one_variant_or_seed(store, asked):
    for run in TWO.runs():
        write(store, records_of(run, 0))
    frame = store.histograms(asked)
    assert len(frame) == 4 * 11
    assert frame["counts"].iloc[0].dtype == np.float32
    assert frame["counts"].iloc[0].tolist() == [0, 1, 2, 3]
    assert set(store.histograms(asked, seed=1)["seed"]) == {1}
    assert set(store.histograms(asked, variant="lr=0.01")["variant"]) == {"lr=0.01"}


def test_the_latest_grid_replaces_the_former(store, asked):
    run = TWO.runs()[0]
    write(store, records_of(run, 0, 10))
    write(store, records_of(run, 20))
    frame = store.grids(asked)
    assert frame[["run", "step", "grid"]].to_dict("records") == [{"run": run.key, "step": 20, "grid": bytes([20])}]


def test_a_run_has_its_last_and_its_best_values(store, asked):
    run = TWO.runs()[2]
    losses = [3.0, math.nan, 1.0, math.inf, 2.0]
    rows = [history_row(run, step, val_loss=loss, val_accuracy=loss) for step, loss in enumerate(losses)]
    write(store, Records(history=rows[:2]))
    write(store, Records(history=rows[2:], ended=[ended_row(run, "stopped")]))
    row = store.runs(asked).set_index("run").loc[run.key]
    assert (row["last_val_loss"], row["best_val_loss"]) == (2.0, 1.0)
    assert (row["last_val_accuracy"], row["best_val_accuracy"]) == (2.0, 3.0)
    assert (row["status"], row["step"], row["parameters"], row["nonzero"], row["test_loss"]) == ("stopped", 4, 27, 20, 0.25)
    assert store.weights(run.key) == run.key.encode()


def test_a_run_that_has_not_begun_is_queued_and_unmeasured(store, asked):
    frame = store.runs(asked)
    assert frame["status"].tolist() == ["queued"] * 4
    assert frame[["last_val_loss", "best_val_loss", "test_loss", "parameters"]].isna().all(axis=None)
    assert store.weights(TWO.runs()[0].key) is None
    assert store.history(asked)[0].empty


def test_the_settings_of_a_run_can_be_had_by_its_key(store, asked):
    run = TWO.runs()[3]
    assert store.settings(run.key) == run
    assert store.settings("0" * 20) is None


def test_reading_on_gives_only_the_rows_that_are_new(store, asked):
    first, second = TWO.runs()[:2]
    write(store, records_of(first, 0, 10))
    _, cursor = store.history(asked)
    write(store, records_of(second, 0))
    write(store, records_of(first, 20))
    fresh, after = store.history(asked, cursor)
    assert list(zip(fresh["run"], fresh["step"], strict=True)) == [(first.key, 20), (second.key, 0)]
    assert store.history(asked, after)[0].empty
    layers, _ = store.layers(asked, cursor)
    assert set(zip(layers["run"], layers["step"], strict=True)) == {(first.key, 20), (second.key, 0)}


def test_following_gives_what_reading_all_gives(store, asked):
    known, known_layers = store.follow(asked), store.follow_layers(asked)
    for step in (0, 10, 20):
        for run in reversed(TWO.runs()):
            write(store, records_of(run, step))
            known, known_layers = store.follow(asked, known), store.follow_layers(asked, known_layers)
    assert known[0].equals(store.history(asked)[0])
    assert known_layers[0].equals(store.layers(asked)[0])


def test_following_gives_the_same_frame_while_nothing_is_new(store, asked):
    write(store, records_of(TWO.runs()[0], 0))
    known = store.follow(asked)
    store.note(asked, "no row changes by this")
    assert store.follow(asked, known)[0] is known[0]


def test_following_forgets_rows_that_were_taken_back(store, asked):
    first, second = TWO.runs()[:2]
    write(store, records_of(first, 0, 10))
    write(store, records_of(second, 0))
    known = store.follow(asked)
    with store.database.writing() as connection:
        ids = connection.scalars(select(runs.c.id).where(runs.c.key == first.key)).all()
        recording.take_back(connection, ids)
    frame, _ = store.follow(asked, known)
    assert frame["run"].tolist() == [second.key]


def test_progress_counts_runs_and_epochs(store, asked):
    first, second, third, _ = TWO.runs()
    write(store, records_of(first, 0, 10, status="diverged"))
    write(store, records_of(second, 0, 30, status="finished"))
    write(store, records_of(third, 0, 20))
    progress = store.progress(asked)
    assert (progress.state, progress.pending, progress.active) == ("queued", "run", True)
    assert (progress.runs, progress.runs_done, progress.runs_diverged) == (4, 2, 1)
    assert (progress.epochs_done, progress.epochs_total) == (3 + 3 + 2, 12)


def test_progress_is_equal_until_something_happens(store, asked):
    before = store.progress(asked)
    assert store.progress(asked) == before
    write(store, records_of(TWO.runs()[0], 0))
    assert store.progress(asked).version > before.version


def test_comparisons_are_found_by_name_note_settings_and_state(store, asked):
    other = store.request(comparison(0.5, optimizer={"kind": "adagrad"}), "run", name="Only this 100%")
    store.note(other, "for the lecture")
    Bench(store).finish(other)
    store.request(comparison(0.7), "run")
    assert store.comparisons(search="adagrad")["id"].tolist() == [other]
    assert store.comparisons(search="LECTURE")["id"].tolist() == [other]
    assert store.comparisons(search="100%")["id"].tolist() == [other]
    assert store.comparisons(search="100_").empty
    assert store.comparisons(state="queued")["id"].tolist() == [comparison(0.7).id]
    assert store.count() == 3
    assert store.count("adagrad", "finished") == 1


def test_comparisons_come_newest_first_and_in_pages(store):
    ids = [store.request(comparison(rate), "run") for rate in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert store.comparisons()["id"].tolist() == ids[::-1]
    assert store.comparisons(limit=2, offset=1)["id"].tolist() == [ids[3], ids[2]]
    row = store.comparisons(limit=1).iloc[0]
    assert (row["runs"], row["runs_done"], row["diverged"], row["variants"]) == (2, 0, 0, 1)


def test_deleting_takes_the_runs_that_no_other_comparison_uses(store):
    small, large = comparison(0.1, 0.01), comparison(0.1, 0.01, 0.001)
    for each in (small, large):
        store.request(each, "run")
    for run in large.runs():
        write(store, records_of(run, 0, 30, status="finished"))
    only_large = {run.key for run in large.runs()} - {run.key for run in small.runs()}
    expected = store.would_delete(large.id)
    assert set(expected.runs) == only_large
    assert store.delete(large.id) == expected
    assert store.comparisons()["id"].tolist() == [small.id]
    assert len(store.history(small.id)[0]) == 4 * 2
    assert [store.weights(key) for key in only_large] == [None, None]
    assert store.delete(small.id).runs == tuple(run.key for run in small.runs())
    assert store.count() == 0


@pytest.mark.parametrize("method", ["progress", "comparison", "delete", "would_delete"])
def test_an_unknown_comparison_cannot_be_read_or_deleted(store, method):
    with pytest.raises(UnknownComparisonError, match="nothing"):
        getattr(store, method)("nothing")


@pytest.mark.parametrize("method", ["rename", "note", "request"])
def test_an_unknown_comparison_cannot_be_written_to(store, method):
    with pytest.raises(UnknownComparisonError, match="nothing"):
        getattr(store, method)("nothing", "run")


def test_an_unknown_action_is_refused_and_nothing_is_written(store):
    with pytest.raises(ValueError, match="explode"):
        store.request(TWO, "explode")
    assert store.count() == 0


def test_a_table_is_called_by_its_files_name():
    sha256 = keep_table(b"x,y\n1,a\n2,b\n", tables_folder(), "mine.csv")
    data = {"kind": "table", "sha256": sha256, "target": "y"}
    assert default_name(Comparison.load({"base": {"data": data}, "vary": {"optimizer": ["sgd"]}})) == "mine.csv: sgd"
    assert default_name(Comparison.load({"base": {"data": data | {"sha256": "0" * 64}}})) == "table: base"
    keep_table(b"x,y\n1,a\n2,b\n", tables_folder(), "a\u202evsc.exe\x1b")
    assert default_name(Comparison.load({"base": {"data": data}})) == r"a\u202evsc.exe\x1b: base"


@pytest.mark.parametrize("sign", ["\r", "\x1b", "\u202e", "\u200b"], ids=ascii)
def test_a_comparison_gets_no_name_with_signs_that_change_the_line(store, sign):
    store.request(TWO, "run")
    with pytest.raises(SettingsError, match=r"name: .* may not have control characters"):
        store.rename(TWO.id, f"a{sign}b")
    assert list(store.comparisons()["name"]) == [default_name(TWO)]


def test_a_default_name_tells_names_that_hold_commas_apart():
    crossed = Comparison.load({"vary": {"optimizer.lr": [0.1, 0.2], "model.dropout": [0.5]}, "seeds": 1})
    assert default_name(crossed) == "digits: lr=0.1, dropout=0.5; lr=0.2, dropout=0.5"
    plain = Comparison.load({"vary": {"optimizer": ["sgd", "adam"]}, "seeds": 1})
    assert default_name(plain) == "digits: sgd, adam"
