"""The head of the home page, which needs nothing but Streamlit."""

from __future__ import annotations

import streamlit as st


def words() -> None:
    """What this is."""
    st.title("See what each training choice does", anchor=False)
    st.markdown(
        "Small PyTorch networks are trained in tandem: side by side, over several seeds, from the same start and on the same batches. "
        "What differs between them is shown as it grows, with its uncertainty."
    )
