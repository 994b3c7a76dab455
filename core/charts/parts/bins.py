"""Histograms of weights brought onto common bins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.charts.parts import marks, thin
from core.charts.parts.titles import Axis

BINS = 32
_CELL = ("left", "right", "panel", "low", "high", "share")


def cells(frame: DataFrame, x: Axis = "epoch", moments: int = thin.POINTS) -> DataFrame:
    """Histograms of one seed over time as cells.

    Columns: variant, layer, the x axis, left, right (of the cell), panel (variant and layer in words), low, high (of the weights), share
    (of the layer's weights).

    All histograms of a layer are brought onto the same 32 bins, for which the counts of a bin are taken to be spread evenly over
    it. The bins reach over the weights of all variants, but not beyond three times the usual width, that one exploding run may not
    hide the others; what lies further out is counted in the outermost bins. Empty cells are left out.
    """
    finite = np.isfinite(frame["low"].astype(float)) & np.isfinite(frame["high"].astype(float))
    frame = thin.thinned(frame[finite], ["variant", "layer"], moments)
    frame = marks.cells(frame, ["variant", "layer"], x)
    parts = [_layer_cells(part, x) for _, part in frame.groupby("layer", sort=False, observed=True)]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=["variant", "layer", x, *_CELL])


def _layer_cells(part: DataFrame, x: Axis) -> DataFrame:
    edges = common_edges(part["low"].to_numpy(float), part["high"].to_numpy(float))
    counts = np.stack(list(part["counts"])).astype(float)
    share = rebinned(part["low"].to_numpy(float), part["high"].to_numpy(float), counts, edges)
    place = part[["variant", "layer", x, "left", "right"]].assign(panel=part["variant"].astype(str) + ", " + part["layer"])
    table = place.loc[place.index.repeat(BINS)].reset_index(drop=True)
    table = table.assign(low=np.tile(edges[:-1], len(part)), high=np.tile(edges[1:], len(part)), share=share.ravel())
    outermost = np.tile(np.isin(np.arange(BINS), (0, BINS - 1)), len(part))  # kept, so that all panels of a layer have the same axis
    return table[(table["share"] > 0) | outermost]


def common_edges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """33 edges over all the ranges, but at most the usual width further out on each side than the usual range."""
    width = max(float(np.median(high - low)), 1e-12)
    first, last = max(low.min(), np.median(low) - width), min(high.max(), np.median(high) + width)
    return np.linspace(first, max(last, first + 1e-12), BINS + 1)


def rebinned(low: np.ndarray, high: np.ndarray, counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The shares of N histograms in other bins, (N, E-1), those outside of the edges in the outermost.

    Args:
        low: (N,) lower end of each histogram.
        high: (N,) upper end.
        counts: (N, B) in B equal bins between the two.
        edges: (E,) of the new bins.
    """
    bins = counts.shape[1]
    below = np.concatenate([np.zeros((len(counts), 1)), counts.cumsum(axis=1)], axis=1)
    width = np.maximum(high - low, 1e-12)
    place = np.clip((edges - low[:, None]) / width[:, None] * bins, 0, bins)
    left = np.minimum(place.astype(int), bins - 1)
    rows = np.arange(len(counts))[:, None]
    at_edges = below[rows, left] + (place - left) * counts[rows, left]
    at_edges[:, 0], at_edges[:, -1] = 0, below[:, -1]
    return np.diff(at_edges, axis=1) / np.maximum(below[:, -1:], 1)
