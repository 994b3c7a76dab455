"""Decision boundaries, for data with two features."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.charts import boundary
from core.choices.data import DataChoice
from core.choices.loading import Split, load_data
from core.ui import errors
from core.ui.live import Results
from core.ui.panels.drawing import WIDTH, chart
from core.ui.panels.view import View

SIDE = 48
"""Points of a grid along each axis, as `core.engine.grids` writes it (which imports torch, and so is not imported here)."""


def possible(results: Results) -> bool:
    """Whether there is a plane to draw: two features, and classes."""
    runs = results.comparison.runs()
    if any(run.data.task == "regression" for run in runs):
        return False
    sizes = {run.data.dimensions for run in runs}
    return 2 in sizes or (None in sizes and not results.grids().empty and results.history["train_r2"].isna().all())


def draw(page: str, results: Results, _view: View) -> None:
    """Each variant's regions for one seed, with the data on them; a chart for each set of data, where that varies."""
    seeds = results.comparison.seed_list
    seed = st.selectbox(
        "Seed", seeds, key=f"{page}.boundary_seed", bind="query-params", width=120, help="One network is shown for each variant."
    )
    for number, (data, variants) in enumerate(_by_data(results)):
        with errors.shown("The data cannot be drawn"):
            grid = results.once(("planes", seed, number), lambda variants=variants: planes(results.grids(), variants, seed))  # type: ignore[misc]
            if grid.empty:
                st.caption("No boundary is stored yet for this seed.")
                continue
            points = results.once(("points", number), lambda data=data: places(load_data(data)))  # type: ignore[misc]
            chart(results, f"{page}.boundary{number}", boundary.decision, grid, points, patience=2.0, seed=seed, width=3 * WIDTH, columns=3)


def _by_data(results: Results) -> Iterator[tuple[DataChoice, list[str]]]:
    """The variants that share a set of data."""
    first = {name: run.data for name, run in reversed(results.comparison.members)}
    ordered = sorted(results.variants, key=lambda name: repr(first[name]))
    for _, names in groupby(ordered, key=lambda name: repr(first[name])):
        together = list(names)
        yield first[together[0]], together


def planes(grids: DataFrame, variants: list[str], seed: int) -> DataFrame:
    """The grids of one seed as a row a variant and point: variant, x, y, class, confidence."""
    rows = grids[(grids["seed"] == seed) & grids["variant"].isin(variants)]
    parts = [decoded(row.grid).assign(variant=row.variant) for row in rows.itertuples()]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=["variant", "x", "y", "class", "confidence"])


def decoded(grid: bytes) -> DataFrame:
    """One grid as a row a point: x, y, class, confidence.

    `grid` holds float32: the bounds x low, x high, y low, y high; then SIDE x SIDE classes, and as many confidences, each in rows
    from low y to high y.
    """
    values = np.frombuffer(grid, dtype=np.float32)
    x_low, x_high, y_low, y_high = values[:4]
    y, x = np.meshgrid(np.linspace(y_low, y_high, SIDE), np.linspace(x_low, x_high, SIDE), indexing="ij")
    classes, confidence = values[4:].reshape(2, SIDE * SIDE)
    return DataFrame({"x": x.ravel(), "y": y.ravel(), "class": classes.astype(int), "confidence": confidence.astype(float)})


def places(split: Split) -> DataFrame:
    """The data as a row an example: x, y (encoded and scaled, as the networks see them), class, part."""
    parts = {"train": (split.x_train, split.y_train), "validation": (split.x_val, split.y_val), "test": (split.x_test, split.y_test)}
    frames = [DataFrame({"x": x[:, 0], "y": x[:, 1], "class": y.astype(int), "part": name}) for name, (x, y) in parts.items()]
    return pd.concat(frames, ignore_index=True)
