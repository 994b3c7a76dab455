"""Settings at the ends of their bounds, found by looking at the fields of a settings class."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

TINY = 1e-300


def at_its_bounds(cls: type) -> Iterator[dict[str, Any]]:
    """A change a bound: {field: value} for each plain field of a settings class, one at a time."""
    for name, field in cls.model_fields.items():
        if name != "kind":
            yield from ({name: value} for value in extremes(field.annotation, field.metadata))


def extremes(annotation: Any, rules: Any = ()) -> list[Any]:
    """The lowest and highest values that a field takes, or each of its words; nothing where it has no bounds."""
    if get_origin(annotation) is Annotated:
        inside, *more = get_args(annotation)
        return extremes(inside, [*rules, *(rule for part in more for rule in getattr(part, "metadata", None) or [part])])
    if annotation is bool:
        return [True, False]
    if annotation in (float, int):
        return [_value(sign, getattr(rule, sign), annotation) for rule in rules for sign in ("ge", "gt", "le", "lt") if hasattr(rule, sign)]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) is tuple and Ellipsis not in get_args(annotation):
        return list(itertools.product(*map(extremes, get_args(annotation))))
    return []


def _value(sign: str, bound: float, kind: type) -> float:
    if sign in ("ge", "le"):
        return bound
    if kind is int:
        return bound + (1 if sign == "gt" else -1)
    if sign == "gt":
        return bound + TINY if bound == 0 else math.nextafter(bound, math.inf)
    return math.nextafter(bound, -math.inf)
