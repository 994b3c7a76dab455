"""The fields of settings classes as pydantic's own JSON schema tells them: what a field takes, its bounds, its unit.

Forms, the command line's help and the docs read fields here and nowhere else.
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
    """The schemas of which a value has to satisfy one: several where a field takes a number or a word, or may be empty."""
    schema = properties(owner)[name]
    return list(schema.get("anyOf", [schema]))


def words(schema: Schema) -> tuple[str, ...]:
    """The words that a schema allows by name; none for anything else."""
    return tuple(schema.get("enum", [schema["const"]] if "const" in schema else []))


def items(schema: Schema) -> list[Schema]:
    """The schemas of a list's places, or the one of all of its items."""
    return schema["prefixItems"] if "prefixItems" in schema else [schema.get("items", {})]


def bounds(owner: type[Choice], name: str) -> tuple[float | None, float | None]:
    """The lowest and the highest number that a field takes, both themselves allowed or not; None: no bound."""
    numbers = [schema for schema in alternatives(owner, name) if schema.get("type") in ("integer", "number")]
    return _first(numbers, LOWEST), _first(numbers, HIGHEST)


def _first(schemas: list[Schema], names: tuple[str, ...]) -> float | None:
    return next((float(schema[name]) for schema in schemas for name in names if name in schema), None)


def allowed(owner: type[Choice], name: str) -> str:
    """What a field takes, in words: its bounds, or its names, or what each item of a list may be."""
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
    """What a field's `json_schema_extra` says: `logarithmic`, `unit`, `advanced`; None when nothing."""
    return properties(owner)[name].get(key)


def unit(owner: type[Choice], name: str) -> str:
    """The unit of a field's value, or an empty text."""
    return str(extra(owner, name, "unit") or "")
