"""Scripts of one page's form, run as the dashboard would, without a browser and without a runner."""

from __future__ import annotations

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.ui import service
from core.ui.form import links

FORM = """
import streamlit as st
from core.experiments import home
from core.comparison import Comparison
from core.ui.form import forms
comparison = forms.comparison("compare", {start})
st.text(comparison.id, help="id")
st.text(comparison.to_json(), help="json")
"""


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are looked at, nothing is trained."""
    monkeypatch.setattr(service, "ensure_runner", lambda: None)
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)  # of all installed packages, each time


def form(query: links.Query | None = None, start: str = "home.DEFAULT") -> AppTest:
    """The form of the workbench, opened cold with a query; the comparison's id is its first text, the JSON its second."""
    script = AppTest.from_string(FORM.format(start=start), default_timeout=20)
    for name, value in (query or {}).items():
        script.query_params[name] = value
    return script.run()
