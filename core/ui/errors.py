"""How the dashboard says that something went wrong: what, where, what to do."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.choices.datasets.examples import DataError
from core.settings import SettingsError
from core.ui.fields import plain

EXPECTED = (SettingsError, DataError)
