"""Settings as TOML tables. TOML has no null, and the order of what varies must be kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.choices.base import Choice


def in_order(vary: dict[str, Any], variants: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of TOML that keep the order of what varies, because it decides names and their order: each value is on one line."""
    if vary:
        yield from ("[vary]", *map(_line, vary.items()), "")
    for variant in variants:
        yield from ("[[variants]]", *map(_line, variant.items()), "")


def _line(item: tuple[str, Any]) -> str:
    """`"model.dropout" = [0, 0.2]`"""
    return f"{toml({item[0]: 0}).removesuffix(' = 0')} = {_inline(item[1])}"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(map(_line, value.items()))} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return toml({"value": value}).removeprefix("value = ")


def toml(table: dict[str, Any]) -> str:
    """A table as TOML text."""
    import tomli_w

    return tomli_w.dumps(table).rstrip("\n")


def without_defaulted_none(choice: Choice) -> dict[str, Any]:
    """A choice as plain values. A setting that is None is left out if None is its default, and is an empty table otherwise."""
    written: dict[str, Any] = {}
    for name, value in choice.model_dump(mode="json").items():
        held = getattr(choice, name)
        if isinstance(held, Choice):
            written[name] = without_defaulted_none(held)
        elif value is not None or type(choice).model_fields[name].default is not None:
            written[name] = with_empty(value)
    return written


def with_empty(value: Any) -> Any:
    """Plain values in which each None is replaced by an empty table."""
    if isinstance(value, dict):
        return {name: with_empty(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_empty(item) for item in value]
    return {} if value is None else value
