"""Decision boundaries, for data with two features."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.metrics import tasks_of
from core.charts.results import boundary
from core.data.loading import Split, load_data
from core.data.sets import DataChoice
from core.ui import errors
from core.ui.markdown import escaped
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.overview import seed_choice
from core.ui.results.view import View

SIDE = 48
"""Points of a grid along each axis, as `core.engine.measuring.grids` writes it (which imports torch and is therefore not imported here)."""

PATIENCE = 5.0
"""Seconds by which the regions may lag behind the growing curves."""


def possible(results: Results) -> bool:
    """Whether boundaries can be drawn: the data have two features and classes."""
    runs = results.comparison.runs()
    if any(run.data.task == "regression" for run in runs):
        return False
    sizes = {run.data.dimensions for run in runs}
    return 2 in sizes or (None in sizes and not results.grids().empty and "regression" not in tasks_of(results.history))


def draw(page: str, results: Results, _view: View) -> None:
    """The regions of each variant for one seed, with the data on them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        seed = seed_choice(f"{page}.boundary_seed", results)
        ahead = "" if results.reached is None else " Only the latest picture of a network is stored; its epoch is above it."
        st.caption(
            "The prediction of this seed's network at every point; a stronger colour means a higher probability. Features are scaled as "
            f"the network sees them.{ahead}"
        )
    with errors.shown("The data cannot be drawn"):
        settings = dict(reversed(results.comparison.members))
        every = results.once(("planes", seed), lambda: planes(results.grids(), seed), PATIENCE)
        grid = st.grid(3, min_column_width=WIDTH, gap="small")
        for number, name in enumerate(results.variants):
            with grid.cell():
                _variant(f"{page}.boundary{number}", results, name, every.get(name), settings[name].data, seed)


def _variant(key: str, results: Results, name: str, plane: DataFrame | None, data: DataChoice, seed: int) -> None:
    if plane is None:
        st.caption(f"{escaped(name)}: nothing is stored for this seed yet.")
        return
    points = results.once(("points", data), lambda: places(load_data(data)), math.inf)
    if results.reached is not None:
        st.caption(f"Epoch {plane['epoch'].iloc[0]:.4g}")
    chart(results, key, boundary.decision, plane, points, about=seed, patience=PATIENCE, variants=[name], width=WIDTH, columns=1)


def planes(grids: DataFrame, seed: int) -> dict[str, DataFrame]:
    """The grids of one seed by variant: one row for each point, with variant, epoch, x, y, class, confidence."""
    rows = grids[grids["seed"] == seed]
    every = zip(rows["variant"], rows["grid"], rows["epoch"], strict=True)
    return {name: decoded(grid).assign(variant=name, epoch=epoch) for name, grid, epoch in every}


def decoded(grid: bytes) -> DataFrame:
    """One grid with a row for each point: x, y, class, confidence.

    `grid` holds float32: the bounds x low, x high, y low, y high; then SIDE x SIDE classes, and as many confidences, each in rows
    from low y to high y.
    """
    values = np.frombuffer(grid, dtype=np.float32)
    x_low, x_high, y_low, y_high = values[:4]
    y, x = np.meshgrid(np.linspace(y_low, y_high, SIDE), np.linspace(x_low, x_high, SIDE), indexing="ij")
    classes, confidence = values[4:].reshape(2, SIDE * SIDE)
    return DataFrame({"x": x.ravel(), "y": y.ravel(), "class": classes.astype(int), "confidence": confidence.astype(float)})


def places(split: Split) -> DataFrame:
    """The data with one row for each example: x, y (encoded and scaled, as the networks see them), class, part."""
    parts = {"train": (split.x_train, split.y_train), "validation": (split.x_val, split.y_val), "test": (split.x_test, split.y_test)}
    frames = [DataFrame({"x": x[:, 0], "y": x[:, 1], "class": y.astype(int), "part": name}) for name, (x, y) in parts.items()]
    return pd.concat(frames, ignore_index=True)
