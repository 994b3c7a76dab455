"""The paths that ship computed are those that are computed."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd

from core.labs.optimization import stored_paths
from core.ui.pages.optimizers import paths as optimizer_paths


def test_the_stored_paths_are_what_is_computed_now():
    computed = optimizer_paths.computed_first_paths()
    assert pd.read_parquet(stored_paths.FILE)["optimizer"].unique().tolist() == list(computed)
    for text, path in computed.items():
        pd.testing.assert_frame_equal(stored_paths.of(text), path, rtol=1e-6, atol=1e-9)


def test_nothing_is_stored_of_another_optimizer():
    assert stored_paths.of("sgd lr=0.0123") is None


def test_the_page_opens_without_torch():
    code = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from core.runs import child
child.ensure_runner = lambda configuration: None
app = AppTest.from_file(str(Path("dashboard.py").resolve()), default_timeout=60)
app.run()
app.switch_page("pages/optimizers.py")
app.run()
assert not app.exception, app.exception
assert [title.value for title in app.title] == ["Optimizers"]
assert len(app.get("vega_lite_chart")) == 2
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
