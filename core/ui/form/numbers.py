"""A field for a whole number on a page."""

from __future__ import annotations

from typing import Any

import streamlit as st


def integer(label: str, low: int, high: int, begin: int, **options: Any) -> int:
    """Draws the field and returns its number, between the bounds.

    It is one for decimals: Streamlit's own for whole numbers fails on an infinite one in the address.
    """
    return int(st.number_input(label, float(low), float(high), float(begin), 1.0, format="%.0f", **options))
