"""Suggested values for the lists in forms; any other value can be typed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, get_args

from core.choices import schema
from core.choices.base import Choice
from core.choices.words.writing import write
from core.ui.form import fields

PRESETS = {
    "optimizer": (
        "sgd lr=0.05 momentum=0.9",
        "sgd lr=0.05 momentum=0.9 nesterov=true",
        "rmsprop lr=0.001",
        "adam",
        "adamw",
        "nadam",
        "adagrad",
        "sgd lr=0.1",
        "adam lr=0.01",
    ),
    "schedule": ("constant", "step", "cosine", "cosine warmup=2", "constant warmup=2"),
    "penalty": ("l1=0", "l1=0.001", "l2_squared=0.001", "l1=0.001 l2_squared=0.001"),
    "loss": ("auto", "cross_entropy class_weights=balanced", "focal", "focal gamma=5"),
    "clipping": ("none", "norm", "norm max_norm=0.1", "value"),
    "pruning": ("none", "magnitude sparsity=0.5", "magnitude", "magnitude sparsity=0.95"),
    "distillation": ("none", "soft_targets", "soft_targets temperature=1", "soft_targets weight=0.9"),
    "model": ("mlp", "linear", "mlp hidden=16", "mlp hidden=64-64-64-64"),
}
"""Settings with which each kind can be compared fairly: a suitable learning rate, a strength with a visible effect."""

BATCH_SIZES = (1, 8, 16, 32, 64, 128, 256, 512)
FROM_NOTHING = ("0.001", "0.01")  # offered besides 0, if the default is off
FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
STEPS = (1, 3)  # within a decade
NO_SCALE = 1e5  # a bound that only excludes nonsense
DECADES = 3  # on either side
SMALLEST = 1e-5  # the first value after 0 in a list that starts at 0
MANY_WORDS = 4


def offered(path: str, owner: type[Choice], name: str, start: Any) -> list[str]:
    """Texts to choose from if the setting at `path` varies; `start` is its value in the base. Empty for a group without presets."""
    known = [*PRESETS.get(path, ()), *fields.kinds(owner, name)]
    if not known and fields.group(owner, name) is None:
        known = [write(value) for value in values(owner, name, start)]
    return list(dict.fromkeys(known))


def starters(path: str, owner: type[Choice], name: str, start: Any) -> list[str]:
    """The initial choice among them: the first words, or the start and the numbers next to it on both sides."""
    texts = offered(path, owner, name, start)
    if write(start) not in texts or fields.kinds(owner, name) or fields.shape(owner, name).holds not in ("number", "integer"):
        return texts[:MANY_WORDS]
    if not start and scaled(owner, name):
        return [text for text in (write(start), *FROM_NOTHING) if text in texts]
    apart = len(STEPS) if scaled(owner, name) else 1
    first = max(0, texts.index(write(start)) - apart)
    return texts[first : first + 2 * apart + 1 : apart]


def scaled(owner: type[Choice], name: str) -> bool:
    """Whether a number is chosen by its order of magnitude: if its field says so, or if its bounds give it no scale."""
    _, high = schema.bounds(owner, name)
    return fields.shape(owner, name).holds == "number" and bool(
        schema.extra(owner, name, "logarithmic") or high is None or high >= NO_SCALE
    )


def listed(owner: type[Choice], name: str) -> bool:
    """Whether a number is chosen from a list that also takes other values: a scaled number, or one that may be a word, a list or empty."""
    shape = fields.shape(owner, name)
    return shape.holds in ("integer", "number") and (bool(shape.words) or shape.optional or shape.or_list or scaled(owner, name))


def grid(owner: type[Choice], name: str, start: float) -> list[float]:
    """1, 3, 10, 30, ... within the bounds and within three decades of `start`, which is included; 0 is included if it is allowed."""
    middle = round(math.log10(start)) if start > 0 else round(math.log10(SMALLEST)) + DECADES
    tried = [float(f"{step}e{power}") for power in range(middle - DECADES, middle + DECADES + 1) for step in STEPS]
    return sorted({*_within(owner, name, [*tried, 0.0, start])})


def values(owner: type[Choice], name: str, start: Any) -> list[Any]:
    """Suggested values of a leaf, including its words."""
    shape = fields.shape(owner, name)
    return list(dict.fromkeys([*([None] if shape.optional else []), *_numbers(owner, name, start), *shape.words]))


def _numbers(owner: type[Choice], name: str, start: Any) -> list[Any]:
    shape = fields.shape(owner, name)
    begin = start if isinstance(start, int | float) else 0
    match shape.holds:
        case "boolean":
            return [False, True]
        case "integer" if shape.words:
            return sorted({*BATCH_SIZES, *([start] if isinstance(start, int) else [])})
        case "integer":
            return _within(
                owner,
                name,
                [round(begin * by) for by in (0.25, 0.5, 1, 2, 4)] if begin >= 4 else [round(begin) + more for more in range(4)],
            )
        case "number":
            return grid(owner, name, begin) if scaled(owner, name) else _spread(owner, name, begin)
        case "tuple":
            return _within(owner, name, _tuples(owner, name, start))
        case _:
            return [start] if start and not shape.words else []


def _spread(owner: type[Choice], name: str, start: float) -> list[float]:
    _, high = schema.bounds(owner, name)
    around = [start * by for by in (0.25, 0.5, 1, 2, 4)] if start else [0.0, 1.0, 2.0, 5.0]
    return sorted({*_within(owner, name, [start, *(FRACTIONS if high is not None and high <= 1 else around)])})


def _tuples(owner: type[Choice], name: str, start: Any) -> list[Any]:
    """Variants of a list: fewer items, more items, items half as large and twice as large, if its length is free."""
    if not start or Ellipsis not in get_args(owner.model_fields[name].annotation) or not isinstance(start[0], int):
        return [start]
    sizes = [tuple(max(1, round(item * by)) for item in start) for by in (0.25, 0.5, 2)]
    return list(dict.fromkeys([start, start[:1], (*start, start[-1]), (*start, start[-1], start[-1]), *sizes]))


def _within(owner: type[Choice], name: str, tried: Iterable[Any]) -> list[Any]:
    return [value for value in tried if fields.complaint(owner, name, value) is None]
