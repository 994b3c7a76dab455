"""Histograms: those of weights, converted to common bins, and that of a table's target."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame

BINS = 32
TARGET_BINS = 30


def common_edges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """33 edges that cover all ranges, but extend at most one median width beyond the median range on each side."""
    width = max(float(np.median(high - low)), 1e-12)
    first, last = max(low.min(), np.median(low) - width), min(high.max(), np.median(high) + width)
    return np.linspace(first, max(last, first + 1e-12), BINS + 1)


def rebinned(low: np.ndarray, high: np.ndarray, counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The shares of N histograms in new bins, (N, E-1); values outside the edges count in the outermost bins.

    Args:
        low: (N,) lower end of each histogram.
        high: (N,) upper end.
        counts: (N, B) counts in B equal bins between the two ends.
        edges: (E,) edges of the new bins.
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


def of_target(values: np.ndarray) -> DataFrame:
    """left, right, rows: how many of the values lie in each of 30 bins of equal width; values that are not finite are left out."""
    counts, edges = np.histogram(values[np.isfinite(values)], bins=TARGET_BINS)
    return DataFrame({"left": edges[:-1], "right": edges[1:], "rows": counts})
