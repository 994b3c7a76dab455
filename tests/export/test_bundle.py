"""The four files of a comparison, as a zip and in a folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from core.export import bundle, tables

NAMES = ["history.csv", "layers.csv", "summary.csv", "comparison.toml"]
TOML = 'seeds = 2\nname = "größer"\n'


@pytest.fixture
def frames():
    return (
        pd.DataFrame({"variant": ["=A", "B"], "val_loss": [0.1, 1 / 3]}),
        pd.DataFrame({"run": ["x"], "layer": ["1 linear"]}),
        pd.DataFrame({"variant": ["=A"], "mean": [float("nan")]}),
    )


def test_the_zip_holds_the_four_files(frames):
    with zipfile.ZipFile(io.BytesIO(bundle.zip_bytes(*frames, TOML))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES
        for name, frame in zip(NAMES, frames, strict=False):
            assert archive.read(name) == tables.to_csv_bytes(frame)
        assert archive.read("comparison.toml").decode() == TOML


def test_the_same_tables_give_the_same_bytes_at_any_time(frames, monkeypatch):
    first = bundle.zip_bytes(*frames, TOML)
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert bundle.zip_bytes(*frames, TOML) == first


def test_the_folder_is_made_and_holds_what_the_zip_holds(frames, tmp_path):
    paths = bundle.write_folder(tmp_path / "a" / "b", *frames, TOML)
    assert [path.name for path in paths] == NAMES
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == sorted(NAMES)
    assert {path.name: path.read_bytes() for path in paths} == bundle.files(*frames, TOML)


def test_files_take_the_place_of_older_ones(frames, tmp_path):
    bundle.write_folder(tmp_path, *frames, "old")
    bundle.write_folder(tmp_path, *frames, TOML)
    assert (tmp_path / "comparison.toml").read_text(encoding="utf-8") == TOML


def test_a_write_that_fails_leaves_the_older_file_whole_and_nothing_else(frames, tmp_path, monkeypatch):
    bundle.write_folder(tmp_path, *frames, TOML)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail_halfway(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail_halfway)
    with pytest.raises(OSError, match="disk full"):
        bundle.write_folder(tmp_path, *frames, "new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
