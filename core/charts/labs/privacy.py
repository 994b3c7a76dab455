"""Recovered training data: pictures beside each other, and how well members are told from non-members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
from pandas import DataFrame

from core.charts.labs.distributed import painted
from core.charts.parts import marks, palette, titles

ACROSS, WIDTH, LARGEST = 4, 324, 18
"""Number of pictures side by side, their total width in pixels, which fits a phone, and the largest size of one pixel of a picture."""
GAP, BETWEEN, BELOW = 1, 1, 4
"""Space in pixels between neighbours, between a picture and the recovered one, and below both for the error."""


def beside(pixels: DataFrame, said: Mapping[int, str]) -> alt.LayerChart:
    """Draws each example, and below it the recovered one, black on white, with a text under both.

    Args:
        pixels: example (from 0), kind ("true" or "recovered"), row, column, value (0 to 1).
        said: the text of each example, such as its error.
    """
    side = int(pixels["row"].max()) + 1 if len(pixels) else 1
    block = 2 * side + BETWEEN + BELOW
    left = pixels["example"] % ACROSS * (side + GAP) + pixels["column"]
    top = pixels["example"] // ACROSS * block + (pixels["kind"] == "recovered") * (side + BETWEEN) + pixels["row"]
    frame = pixels.assign(left=left, right=left + 1, top=top, bottom=top + 1)
    lines = -(-len(said) // ACROSS)
    wide, high = min(max(len(said), 1), ACROSS) * (side + GAP) - GAP, max(lines, 1) * block
    pixel = min(WIDTH // wide, LARGEST)
    x, y = (alt.Scale(domain=[0, wide], nice=False), alt.Scale(domain=[high, 0], nice=False))
    tooltip = [alt.Tooltip("example:N"), alt.Tooltip("label:N", title="digit"), alt.Tooltip("kind:N"), marks.number("value", "ink")]
    ink = alt.Color("value:Q", scale=alt.Scale(scheme="greys", domain=[0, 1], clamp=True), legend=None)
    rects = alt.Chart(frame).mark_rect(**marks.MANY).encode(
        alt.X("left:Q", scale=x, axis=None), alt.X2("right:Q"), alt.Y("top:Q", scale=y, axis=None), alt.Y2("bottom:Q"), ink, tooltip=tooltip
    )  # fmt: skip
    places = DataFrame({"example": list(said), "said": list(said.values())})
    places = places.assign(
        x=places["example"] % ACROSS * (side + GAP) + side / 2, y=places["example"] // ACROSS * block + 2 * side + BETWEEN + 0.6
    )
    text = alt.Chart(places).mark_text(baseline="top", fontSize=12, color=palette.MISSING)
    text = text.encode(alt.X("x:Q", scale=x, axis=None), alt.Y("y:Q", scale=y, axis=None), text="said:N")
    described = f"{len(said)} examples, and below each the recovered one."
    return alt.LayerChart(layer=[rects, text], width=wide * pixel, height=high * pixel, autosize=marks.PAD, description=described)


def roc(curves: DataFrame, *, variants: Sequence[str], colours: Mapping[str, str], width: int = 360, height: int = 280) -> alt.LayerChart:
    """Draws the share of members found against the share of others mistaken for members, over all thresholds of the loss; the dotted
    diagonal is guessing.

    Args:
        curves: variant, place (0, 1, ... by the threshold), false_positives, true_positives (fractions).
        variants: in order.
        colours: the colour of each variant.
        width: width of the whole chart in pixels.
        height: height of the plot in pixels.
    """
    x = alt.X(
        "false_positives:Q", title="others mistaken for members", axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1])
    )
    y = alt.Y("true_positives:Q", title="members found", axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1]))
    colour = painted(variants, colours, width)
    guessing = alt.Chart(DataFrame({"false_positives": [0.0, 1.0], "true_positives": [0.0, 1.0]}))
    diagonal = guessing.mark_line(strokeDash=[2, 3], color=palette.MISSING, strokeWidth=1.5).encode(x, y)
    tooltip = [alt.Tooltip("variant:N"), marks.number("false_positives", "others"), marks.number("true_positives", "members")]
    line = alt.Chart(curves).mark_line(strokeWidth=2.5, interpolate="step-after").encode(x, y, colour, order="place:Q", tooltip=tooltip)
    described = f"Members found against others mistaken for members, one curve each for {titles.listed(list(variants))}."
    return alt.LayerChart(layer=[diagonal, line], width=width, height=height, autosize=marks.FIT, description=described)


def auc_over_gap(
    points: DataFrame,
    means: DataFrame,
    last: DataFrame,
    *,
    variants: Sequence[str],
    colours: Mapping[str, str],
    width: int = 420,
    height: int = 280,
) -> alt.LayerChart:
    """Draws the area under the ROC curve against overfitting: a dot for each seed and number of epochs, a line through the means of each
    network.

    Args:
        points: variant, seed, epochs, gap (training accuracy minus accuracy on other data), auc.
        means: the means of these columns over the seeds.
        last: the rows of `means` with the most epochs, which are labelled.
        variants: in order.
        colours: the colour of each variant.
        width: width of the whole chart in pixels.
        height: height of the plot in pixels.
    """
    x = alt.X(
        "gap:Q",
        title="accuracy on members minus on others",
        scale=alt.Scale(zero=False, padding=24),
        axis=alt.Axis(format="%", tickCount=5),
    )
    y = alt.Y("auc:Q", title="AUC of the attack", scale=alt.Scale(zero=False, padding=16), axis=alt.Axis(tickCount=6))
    colour = painted(variants, colours, width)
    tooltip = [alt.Tooltip("variant:N"), alt.Tooltip("epochs:Q"), marks.number("gap", "gap"), marks.number("auc", "AUC")]
    seeds = alt.Chart(points).mark_point(size=35, opacity=0.45).encode(x, y, colour, tooltip=[*tooltip, alt.Tooltip("seed:O")])
    line = alt.Chart(means).mark_line(strokeWidth=2).encode(x, y, colour, order="epochs:Q")
    dots = alt.Chart(means).mark_point(filled=True, size=80, opacity=1).encode(x, y, colour, tooltip=tooltip)
    text = alt.Chart(last.assign(said=last["epochs"].map("{:g} epochs".format)))
    label = text.mark_text(align="center", dy=-16, color=palette.MISSING).encode(x, y, text="said:N")
    rule = (
        alt.Chart(DataFrame({"auc": [0.5]}))
        .mark_rule(strokeDash=[2, 3], color=palette.MISSING)
        .encode(alt.Y("auc:Q", title="AUC of the attack"))
    )
    described = f"AUC of the membership attack against overfitting, for {titles.listed(list(variants))}."
    layers = [rule, line, seeds, dots, label]
    return alt.LayerChart(layer=layers, width=width, height=height, autosize=marks.FIT, description=described)
