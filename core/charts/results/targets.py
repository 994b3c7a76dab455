"""What a table's target looks like before anything is trained."""

from __future__ import annotations

import altair as alt
import numpy as np

from core.analysis.shown import binning
from core.charts.parts import marks, palette


def histogram(values: np.ndarray, *, title: str, width: int = 360, height: int = 140) -> alt.Chart:
    """How the values of a target are spread: rows by bin, in 30 bins of equal width.

    Args:
        values: of the target, one a row; what is not finite is left out.
        title: of the x axis.
        width: of the chart, in pixels; the page may stretch it.
        height: of the plot, in pixels.
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
