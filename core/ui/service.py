"""Objects that the pages share with the other processes: the configuration, the store, and the runner of this dashboard."""

from __future__ import annotations

import streamlit as st
from pandas import DataFrame

from core.comparison import Comparison
from core.runs import child, recorded
from core.runs.configuration import Configuration
from core.runs.recorded import labs
from core.runs.store import Store


def configuration() -> Configuration:
    """The installation's configuration from the current environment. Raises ConfigurationError."""
    return Configuration()


def store() -> Store:
    """The store, opened once and shared by all sessions. Raises StoreError, ConfigurationError."""
    return _open(configuration().store)


def recorded_store(comparison: Comparison) -> Store | None:
    """The store with the comparison's results shipped with Tandem; None if there are none, or if they are disabled."""
    return recorded.store_of(comparison) if configuration().recorded else None


def recorded_frame(key: str) -> DataFrame | None:
    """What a lab found, by its key, as it comes with Tandem; None where it does not, or is not to be shown."""
    return labs.frame_of(key) if configuration().recorded else None


def ensure_runner() -> None:
    """Makes sure that a runner trains what is requested; costs almost nothing if this dashboard's runner is already running."""
    child.ensure_runner(configuration())


@st.cache_resource(show_spinner=False, max_entries=8, on_release=Store.close)
def _open(url: str) -> Store:
    return Store(url)
