"""runs.csv: a row a run, in all the places where files are to be had."""

from __future__ import annotations

import io
import zipfile

import pandas as pd
import pytest

from core.comparison import Comparison
from core.export.runs_table import with_settings
from core.runs.compare import compare
from core.runs.result import FILES, Result
from core.runs.store import Store
from core.ui.pages import history
from core.ui.results import table
from core.ui.results.live import Reader
from core.ui.results.view import View

VARIED = Comparison.load(
    {
        "base": {"data": "iris", "training": {"epochs": 1}},
        "variants": [
            {"name": "wide", "model": {"kind": "mlp", "hidden": [8]}, "optimizer": {"kind": "sgd", "lr": 0.1}},
            {"name": "=deep", "model": {"kind": "mlp", "hidden": [4, 4]}, "optimizer": {"kind": "adam", "lr": 0.01}},
        ],
        "seeds": 2,
    }
)


@pytest.fixture
def store(home):
    home.mkdir()
    store = Store(f"sqlite:///{home / 'tandem.db'}")
    compare(VARIED, store=store, progress=False)
    yield store
    store.close()


def read(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content))


def test_a_row_a_run_has_the_settings_that_vary_and_all_that_is_known_of_it(store):
    result = Result.stored(store, VARIED)
    frame = read(result.file("runs.csv"))
    assert list(frame["variant"]) == ["wide", "wide", "'=deep", "'=deep"], "a name that a spreadsheet would run is escaped"
    assert list(frame["seed"]) == [0, 1, 0, 1]
    assert list(frame["model.hidden"]) == ["[8]", "[8]", "[4, 4]", "[4, 4]"]
    assert list(frame["optimizer.lr"]) == [0.1, 0.1, 0.01, 0.01]
    assert frame.loc[frame["variant"] == "'=deep", "optimizer.momentum"].isna().all(), "Adam has no momentum"
    assert "training.epochs" not in frame, "it is the same in all variants"
    assert set(result.runs.columns) <= set(frame.columns)
    for name in ("status", "last_val_loss", "best_val_accuracy", "test_f1", "parameters", "nonzero", "seconds"):
        assert frame[name].notna().all(), name


def test_it_is_in_the_folder_in_the_bundle_among_the_downloads_and_in_the_history_pages_export(store, tmp_path):
    expected = Result.stored(store, VARIED).file("runs.csv")
    Result.stored(store, VARIED).to_csv(tmp_path / "out")
    assert (tmp_path / "out" / "runs.csv").read_bytes() == expected
    results = Reader(store, VARIED).latest()
    assert table.content(results, View(), "runs.csv") == expected
    for bundle in (table.content(results, View(), table.ZIP), history._bundle(store, VARIED.id)):
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            assert archive.namelist() == list(FILES)
            assert archive.read("runs.csv") == expected


def test_the_summary_has_the_test_scores_of_every_task(store):
    summary = read(Result.stored(store, VARIED).file("summary.csv"))
    assert summary[["test_loss", "test_accuracy", "test_f1"]].notna().all(axis=None)
    runs = Result.stored(store, VARIED).runs
    assert summary["test_f1"].tolist() == pytest.approx(runs.groupby("variant", sort=False)["test_f1"].mean().tolist())
    assert summary["baseline_test_f1"].tolist() == pytest.approx([runs["baseline_test_f1"].iloc[0]] * 2)


def test_one_variant_has_no_column_of_settings():
    alone = VARIED.model_copy(update={"variants": VARIED.variants[:1]})
    runs = pd.DataFrame({"variant": ["wide"], "seed": [0], "run": ["a"], "status": ["finished"]})
    assert list(with_settings(runs, Comparison.load(alone.model_dump(mode="json") | {"vary": {}}))) == ["variant", "seed", "run", "status"]
