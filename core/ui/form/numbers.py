"""A widget for a whole number on a page."""

from __future__ import annotations

from typing import Any

import streamlit as st


def integer(label: str, low: int, high: int, begin: int, **options: Any) -> int:
    """Draws the widget and returns its number, within the bounds.

    It uses Streamlit's widget for decimals, because the one for whole numbers fails if the address holds infinity.
    """
    return int(st.number_input(label, float(low), float(high), float(begin), 1.0, format="%.0f", **options))
