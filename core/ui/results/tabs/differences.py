"""In which settings the variants differ."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from core.choices.words.writing import write
from core.comparison import Comparison

MOST_COLUMNS = 8
"""Variants beside each other; more are below each other."""
MOST_ROWS = 20
"""Rows that are all shown; more are scrolled."""

NOTHING = "-"
"""What a comparison gives for a setting that a variant does not have."""


def table(comparison: Comparison, key: str) -> None:
    """A row a setting, a column a variant, or the other way round where there are many; settings that are the same in all are left out."""
    differing = comparison.differences()
    if not any(differing.values()):
        st.caption("There is only one variant, so nothing differs. Let something vary, in the sidebar.")
        return
    cells = {name: {path: _cell(value) for path, value in settings.items()} for name, settings in differing.items()}
    frame = pd.DataFrame(cells).rename_axis("setting")
    if len(cells) > MOST_COLUMNS:
        frame = frame.T.rename_axis("variant")
    height: Literal["content", "auto"] = "content" if len(frame) <= MOST_ROWS else "auto"
    st.dataframe(frame, key=key, height=height, placeholder="–", alt="The settings in which the variants differ")


def _cell(value: object) -> str:
    return "–" if value == NOTHING else write(value)
