"""In which settings the variants differ."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.comparison import Comparison
from core.ui.values import write

NOTHING = "-"
"""What a comparison gives for a setting that a variant does not have."""


def table(comparison: Comparison, key: str) -> None:
    """A row a variant, a column a setting; settings that are the same in all variants are left out."""
    differing = comparison.differences()
    if not any(differing.values()):
        st.caption("There is only one variant, so nothing differs. Let something vary, in the sidebar.")
        return
    cells = {name: {path: _cell(value) for path, value in settings.items()} for name, settings in differing.items()}
    frame = pd.DataFrame.from_dict(cells, orient="index").rename_axis("variant")
    st.dataframe(frame, key=key, alt="The settings in which the variants differ, a row a variant")


def _cell(value: object) -> str:
    return "–" if value == NOTHING else write(value)
