"""What every test gets: a data folder of its own, and one thread for torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Before anything imports torch, and for the processes that tests start: more threads than cores make small networks slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of this test alone, so that no test sees a user's runs, another test's, or those that come with Tandem."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TANDEM_HOME", str(folder))
    monkeypatch.setenv("TANDEM_RECORDED", "0")
    return folder


@pytest.fixture(autouse=True)
def one_torch_thread() -> None:
    """Torch keeps to one thread, whatever an earlier test set."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
