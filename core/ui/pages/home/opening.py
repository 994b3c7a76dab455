"""The head of the home page, which needs only Streamlit."""

from __future__ import annotations

import streamlit as st


def words() -> None:
    """What this application is."""
    st.title("See what each training choice does", anchor=False)
    st.markdown(
        "Small PyTorch networks are trained in tandem: side by side, over several seeds, from the same start and on the same batches. "
        "Their differences are shown while they train, with the uncertainty."
    )
