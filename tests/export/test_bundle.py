"""The four files of a comparison, as a zip and in a folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from core.export import bundle

FILES = {"history.csv": b"variant,val_loss\nB,0.1\n", "comparison.toml": 'seeds = 2\nname = "größer"\n'.encode(), "empty.csv": b""}


def test_the_zip_holds_the_files():
    with zipfile.ZipFile(io.BytesIO(bundle.zip_bytes(FILES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.namelist() == list(FILES)


def test_the_same_files_give_the_same_bytes_at_any_time(monkeypatch):
    first = bundle.zip_bytes(FILES)
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert bundle.zip_bytes(FILES) == first


def test_the_folder_is_made_and_holds_the_files(tmp_path):
    paths = bundle.write_folder(tmp_path / "a" / "b", FILES)
    assert [path.name for path in paths] == list(FILES)
    assert {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()} == FILES


def test_files_take_the_place_of_older_ones(tmp_path):
    bundle.write_folder(tmp_path, FILES | {"history.csv": b"old"})
    bundle.write_folder(tmp_path, FILES)
    assert (tmp_path / "history.csv").read_bytes() == FILES["history.csv"]


def test_a_write_that_fails_leaves_the_older_file_whole_and_nothing_else(tmp_path, monkeypatch):
    bundle.write_folder(tmp_path, FILES)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail_halfway(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail_halfway)
    with pytest.raises(OSError, match="disk full"):
        bundle.write_folder(tmp_path, dict.fromkeys(FILES, b"new"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
