"""Histograms of weights, converted to common bins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.analysis.shown import binning
from core.charts.parts import marks, thin
from core.charts.parts.titles import Axis

_CELL = ("left", "right", "panel", "low", "high", "share")


def cells(frame: DataFrame, x: Axis = "epoch", moments: int = thin.POINTS) -> DataFrame:
    """Returns the histograms of one seed over time as cells.

    Columns: variant, layer, the x axis, left, right (of the cell), panel (variant and layer in words), low, high (of the weights), share
    (of the layer's weights).

    All histograms of a layer are converted to the same 32 bins, assuming that the counts of a bin are spread evenly over it. The bins
    cover the weights of all variants, but not beyond three times the usual width, so that one exploding run does not hide the others;
    values beyond are counted in the outermost bins. Empty cells are left out.
    """
    finite = np.isfinite(frame["low"].astype(float)) & np.isfinite(frame["high"].astype(float))
    frame = thin.thinned(frame[finite], ["variant", "layer"], moments)
    frame = marks.cells(frame, ["variant", "layer"], x)
    parts = [_layer_cells(part, x) for _, part in frame.groupby("layer", sort=False, observed=True)]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=["variant", "layer", x, *_CELL])


def _layer_cells(part: DataFrame, x: Axis) -> DataFrame:
    edges = binning.common_edges(part["low"].to_numpy(float), part["high"].to_numpy(float))
    counts = np.stack(list(part["counts"])).astype(float)
    share = binning.rebinned(part["low"].to_numpy(float), part["high"].to_numpy(float), counts, edges)
    place = part[["variant", "layer", x, "left", "right"]].assign(panel=part["variant"].astype(str) + ", " + part["layer"])
    table = place.loc[place.index.repeat(binning.BINS)].reset_index(drop=True)
    table = table.assign(low=np.tile(edges[:-1], len(part)), high=np.tile(edges[1:], len(part)), share=share.ravel())
    # The outermost cells are kept, so that all panels of a layer have the same axis.
    outermost = np.tile(np.isin(np.arange(binning.BINS), (0, binning.BINS - 1)), len(part))
    return table[(table["share"] > 0) | outermost]
