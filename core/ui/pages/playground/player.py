"""The player: a component of ours in plain JavaScript. It is sent the weights of every epoch, and draws what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from pandas import DataFrame

from core.charts.parts import palette
from core.labs.networks.playground import TRAINING
from core.ui.pages.playground.settings import PAGE, Asked, Variant

FOLDER = Path(__file__).with_name("browser")
SCRIPTS = ("network.js", "drawing.js", "player.js", "picture.js")
"""One after the other they are one module."""
CURVES = ("val_loss", "val_accuracy")
MARGIN = 1.12
NUMBERS = ("layers", "rate", "batch", "noise", "start")
"""Settings whose values do not say what they are values of."""
INK = {
    "light": {"#1a9e5c": "#19834f", "#d55e00": "#be5503", "#ce7c98": "#9e6278", "#857fdd": "#716cba"},
    "dark": {"#0072b2": "#2989be", "#aa0bfd": "#be46fd", "#c21e32": "#d35d6b", "#7b6e6b": "#8b7f7d"},
}
"""Of a name in the colour of its variant, where that has less contrast than a text needs."""


def code(*names: str) -> str:
    """The files of a component, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


_player = st.components.v2.component("tandem_playground", html=code("player.html"), css=code("player.css"), js=code(*SCRIPTS))


def player(asked: Asked, frames: Mapping[str, DataFrame], failed: bool) -> None:
    """Draws what is stored of the variants, by their names."""
    _player(key=f"{PAGE}.player", data=contents(asked, frames, failed))


def contents(asked: Asked, frames: Mapping[str, DataFrame], failed: bool = False) -> dict[str, Any]:
    """What the player is sent: `meta`, and for each variant that is stored its weights, its curves and its points, as Arrow tables."""
    variants = asked.variants
    points = {one.name: frames[name] for one in variants if (name := f"points of {one.name}") in frames}
    told = [_told(one, one.name in frames, points.get(one.name), failed) for one in variants]
    meta = {
        "variants": told,
        "before": asked.varied if asked.varied in NUMBERS else "",
        "epochs": int(asked.epochs),
        "square": _square(list(points.values())),
        "classes": list(palette.CLASSES[:2]),
        "waiting": "The networks are training." if not failed else "The networks could not be trained.",
    }
    tables: dict[str, Any] = {"meta": meta}
    for number, one in enumerate(variants):
        if one.name in points:
            tables[f"points{number}"] = _points(points[one.name])
        if one.name in points and one.name in frames:
            finite = _finite(frames[one.name])
            tables[f"weights{number}"] = pa.table({"v": np.frombuffer(b"".join(finite["weights"]), np.float32)})
            tables[f"curves{number}"] = pa.table({name: finite[name].to_numpy(np.float32) for name in CURVES})
    return tables


def _told(variant: Variant, stored: bool, points: DataFrame | None, failed: bool) -> dict[str, Any]:
    ink = {theme: shades.get(variant.colour, variant.colour) for theme, shades in INK.items()}
    state = "stored" if stored else "waiting"
    return {
        "key": f"{variant.trained.key} {state} {points is not None} {variant.name}",
        "name": variant.name,
        "colour": variant.colour,
        "ink": ink,
        "units": variant.units,
        "activation": variant.activation,
        "waiting": "failed" if failed else "training …",
        "scaling": None if points is None else _scaling(points),
    }


def _finite(frame: DataFrame) -> DataFrame:
    """Without the last rows of a run that diverged, whose weights or loss are no numbers."""
    whole = [bool(np.isfinite(np.frombuffer(row, np.float32)).all()) for row in frame["weights"]]
    return frame[np.array(whole) & np.isfinite(frame["val_loss"])]


def _scaling(points: DataFrame) -> dict[str, list[float]]:
    """By what the inputs are shifted and divided before training: mean and standard deviation of the training points."""
    training = points[points["part"] == TRAINING][["x1", "x2"]].to_numpy()
    spread = training.std(0)
    return {"mean": training.mean(0).tolist(), "std": np.where(spread > 0, spread, 1.0).tolist()}  # as the engine does where all are alike


def _square(points: list[DataFrame]) -> dict[str, float]:
    """The part of the plane that is shown: all points of all variants, and some room around them."""
    if not points:
        return {"x": 0.0, "y": 0.0, "half": 1.0}
    low = np.min([frame[["x1", "x2"]].min() for frame in points], axis=0)
    high = np.max([frame[["x1", "x2"]].max() for frame in points], axis=0)
    middle = (low + high) / 2
    return {"x": float(middle[0]), "y": float(middle[1]), "half": float(MARGIN * (high - low).max() / 2)}


def _points(frame: DataFrame) -> pa.Table:
    training = (frame["part"] == TRAINING).to_numpy(np.uint8)
    columns = {name: frame[name].to_numpy(np.float32) for name in ("x1", "x2")}
    return pa.table({**columns, "label": frame["label"].to_numpy(np.uint8), "training": training})
