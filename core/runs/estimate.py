"""How long a comparison will take, judged by the runs that are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select

from core.comparison import Comparison
from core.engine.planning import plan
from core.runs.configuration import cores, parameters
from core.runs.frames import ENDED
from core.runs.schema import runs
from core.runs.store import Store
from core.settings import RunSettings

LOOKED_AT = 200
"""Stored runs that are looked at, the latest first."""
