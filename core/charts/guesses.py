"""What the reader expected, marked in the picture of what happened: a hollow diamond, and a dotted line to it where it has a beginning."""

from __future__ import annotations

import altair as alt
from pandas import DataFrame

from core.charts.parts import palette
from core.charts.parts.specs import Picture

Place = tuple[float, float | str]
"""Along the x axis; up the y axis, or the name of a row."""

COLOUR = palette.MISSING


def marked(picture: Picture, at: Place, said: str, since: Place | None = None) -> Picture:
    """The picture with a guess in it. One of several panels is left as it is: a guess would stand in each of them.

    Args:
        picture: of one panel.
        at: where the guess is.
        said: what stands beside it.
        since: where a dotted line to it begins.
    """
    if not isinstance(picture, alt.LayerChart):
        return picture
    places = [at] if since is None else [since, at]
    frame = DataFrame(places, columns=["guess_x", "guess_y"]).assign(said=said)
    x = alt.X("guess_x:Q")
    y = alt.Y("guess_y:N") if isinstance(at[1], str) else alt.Y("guess_y:Q")
    last = alt.Chart(frame.tail(1)).encode(x, y)
    diamond = last.mark_point(shape="diamond", size=170, strokeWidth=2.5, color=COLOUR, filled=False, opacity=1, description=said)
    ray = [alt.Chart(frame).mark_line(strokeDash=[2, 4], strokeWidth=2, color=COLOUR, aria=False).encode(x, y)] if since is not None else []
    falls = since is not None and not isinstance(at[1], str) and not isinstance(since[1], str) and at[1] < since[1]
    right = f"scale('x', {at[0]!r}) > 0.6 * width"
    text = last.mark_text(
        align=alt.ExprRef(expr=f"{right} ? 'right' : 'left'"),
        dx=alt.ExprRef(expr=f"{right} ? -13 : 13"),
        dy=15 if falls else -9,  # beside the dotted line, not on it
        fontStyle="italic",
        fontSize=13,
        color=COLOUR,
        aria=False,
    ).encode(text="said:N")  # fmt: skip
    tooltip = [alt.Tooltip("said:N", title="you")]
    marked_picture = picture.copy(deep=False)
    marked_picture.layer = [*picture.layer, *ray, diamond.encode(tooltip=tooltip), text]
    return marked_picture
