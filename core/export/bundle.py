"""All that a comparison found, in four files: history.csv, layers.csv, summary.csv, and comparison.toml, which trains it again."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from pandas import DataFrame

from core.export.tables import to_csv_bytes

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can hold: one for all, so that the same tables give the same bytes."""
_READABLE = 0o644 << 16


def files(history: DataFrame, layers: DataFrame, summary: DataFrame, comparison_toml: str) -> dict[str, bytes]:
    """The content of the four files by name."""
    return {
        "history.csv": to_csv_bytes(history),
        "layers.csv": to_csv_bytes(layers),
        "summary.csv": to_csv_bytes(summary),
        "comparison.toml": comparison_toml.encode(),
    }


def zip_bytes(history: DataFrame, layers: DataFrame, summary: DataFrame, comparison_toml: str) -> bytes:
    """The four files as one zip; the same tables give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(history, layers, summary, comparison_toml).items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_folder(folder: str | Path, history: DataFrame, layers: DataFrame, summary: DataFrame, comparison_toml: str) -> list[Path]:
    """Writes the four files into a folder, which is made if need be, and returns their paths.

    Each file is whole at any moment: it is written under a temporary name and then takes the place of an older one.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    contents = files(history, layers, summary, comparison_toml)
    return [_replace(folder / name, content) for name, content in contents.items()]


def _replace(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
