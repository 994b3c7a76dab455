"""The fields of settings classes from pydantic's own JSON schema: allowed values, bounds, units.

Forms, the command line's help and the docs read fields only through this module.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from core.choices.base import Choice

Schema = dict[str, Any]

LOWEST, HIGHEST = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
BOUND_WORDS = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to", "multipleOf": "in steps of"}
OF_TYPE = {"boolean": "true, false", "null": "none"}


@cache
def properties(owner: type[Choice]) -> dict[str, Schema]:
    """The JSON schema of every field of a settings class, by name."""
    found: dict[str, Schema] = owner.model_json_schema(mode="validation")["properties"]
    return found


def alternatives(owner: type[Choice], name: str) -> list[Schema]:
    """The schemas of which a value must satisfy one: several if a field takes a number or a word, or may be empty."""
    schema = properties(owner)[name]
    return list(schema.get("anyOf", [schema]))


def words(schema: Schema) -> tuple[str, ...]:
    """The words that a schema allows; empty for other schemas."""
    return tuple(schema.get("enum", [schema["const"]] if "const" in schema else []))


def items(schema: Schema) -> list[Schema]:
    """The schemas of a list's positions, or the one schema of all its items."""
    return schema["prefixItems"] if "prefixItems" in schema else [schema.get("items", {})]


def bounds(owner: type[Choice], name: str) -> tuple[float | None, float | None]:
    """The lowest and highest number that a field takes, whether or not the bound itself is allowed; None: no bound."""
    numbers = [schema for schema in alternatives(owner, name) if schema.get("type") in ("integer", "number")]
    return _first(numbers, LOWEST), _first(numbers, HIGHEST)


def _first(schemas: list[Schema], names: tuple[str, ...]) -> float | None:
    return next((float(schema[name]) for schema in schemas for name in names if name in schema), None)


def allowed(owner: type[Choice], name: str) -> str:
    """The allowed values of a field in words: its bounds, its words, or those of each item in a list."""
    return " or ".join(dict.fromkeys(filter(None, map(_allowed, alternatives(owner, name)))))


def _allowed(schema: Schema) -> str:
    if named := words(schema):
        return ", ".join(map(str, named))
    if schema.get("type") == "array":
        each = [_allowed(item) for item in items(schema)]
        return ", then ".join(each) if len(set(each)) > 1 else f"each {each[0]}" if each[0] else ""
    limits = " ".join(f"{word} {_number(schema[sign])}" for sign, word in BOUND_WORDS.items() if sign in schema)
    return OF_TYPE.get(schema.get("type", ""), limits)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def extra(owner: type[Choice], name: str, key: str) -> Any:
    """A value in a field's `json_schema_extra`: `logarithmic`, `unit`, `advanced`; None if it is not set."""
    return properties(owner)[name].get(key)


def unit(owner: type[Choice], name: str) -> str:
    """The unit of a field's value, or an empty text."""
    return str(extra(owner, name, "unit") or "")
