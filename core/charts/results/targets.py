"""The target of a table before any training."""

from __future__ import annotations

import altair as alt
import numpy as np

from core.analysis.shown import binning
from core.charts.parts import marks, palette


def histogram(values: np.ndarray, *, title: str, width: int = 360, height: int = 140) -> alt.Chart:
    """Draws the distribution of a target's values: the number of rows in 30 bins of equal width.

    Args:
        values: the values of the target, one for each row; values that are not finite are left out.
        title: title of the x axis.
        width: width of the chart in pixels; the page may stretch it.
        height: height of the plot in pixels.
    """
    frame = binning.of_target(values).assign(floor=0)
    x = alt.X("left:Q", title=title, scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(tickCount=6))
    bars = alt.Chart(frame).mark_rect(color=palette.COLOURS[0])
    tooltip = [marks.number("left", "from"), marks.number("right", "to"), alt.Tooltip("rows:Q")]
    encoded = bars.encode(
        x, alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=4)), alt.X2("right:Q"), alt.Y2("floor:Q"), tooltip=tooltip
    )
    return encoded.properties(
        width=width, height=height, autosize=marks.FIT, description=f"Histogram of {title}: how many rows lie in each range of values."
    )
