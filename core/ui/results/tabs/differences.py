"""The settings in which the variants differ."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from core.choices.words.writing import write
from core.comparison import Comparison

MOST_COLUMNS = 8
"""The most variants side by side; more are shown in rows."""
MOST_ROWS = 20
"""The most rows without scrolling."""

NOTHING = "-"
"""The entry of a comparison for a setting that a variant does not have."""


def table(comparison: Comparison, key: str) -> None:
    """One row per setting and one column per variant, or transposed if there are many; settings that are equal in all variants are left
    out.
    """
    differing = comparison.differences()
    if not any(differing.values()):
        st.caption("There is only one variant, so nothing differs. Let a setting vary in the sidebar.")
        return
    cells = {name: {path: _cell(value) for path, value in settings.items()} for name, settings in differing.items()}
    frame = pd.DataFrame(cells).rename_axis("setting")
    if len(cells) > MOST_COLUMNS:
        frame = frame.T.rename_axis("variant")
    height: Literal["content", "auto"] = "content" if len(frame) <= MOST_ROWS else "auto"
    st.dataframe(frame, key=key, height=height, placeholder="–", alt="The settings in which the variants differ")


def _cell(value: object) -> str:
    return "–" if value == NOTHING else write(value)
