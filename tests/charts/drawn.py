"""What a chart shows once Vega has drawn it: the labels of its axes and panels, and its size."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import altair as alt
import vl_convert


def picture(chart: Any) -> Element:
    """The chart as SVG."""
    with alt.data_transformers.enable("default", max_rows=None):
        svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    return fromstring(re.sub(r' xmlns(:\w+)?="[^"]*"| xlink:href="[^"]*"', "", svg))


def axes(chart: Any, channel: str) -> list[list[str]]:
    """The labels that can be seen of each axis of that channel ("x" or "y"), from its low end."""
    found = [group for group in picture(chart).iter("g") if f"{channel.upper()}-axis" in group.get("aria-label", "")]
    return [[text for text in map(label, axis.iterfind(".//g[@class='mark-text role-axis-label']/text")) if text] for axis in found]


def headers(chart: Any) -> list[str]:
    """What stands above each panel of a facet."""
    *names, _ = picture(chart).iterfind(".//g[@class='mark-text role-title-text']/text")  # the last is the note above the whole chart
    return [label(name) for name in names]


def label(text: Element) -> str:
    """The words of a text that can be seen, else nothing."""
    return "" if text.get("opacity") == "0" else "".join(text.itertext())


def size(chart: Any) -> tuple[float, float]:
    """Width and height of the whole picture in pixels, with axes, titles and legends."""
    drawn = picture(chart)
    return float(drawn.get("width", "nan")), float(drawn.get("height", "nan"))
