"""Every choice, its kinds and fields, as read from the settings classes: what the command line prints and docs/choices.md shows."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.choices.base import Choice, classes, is_union
from core.settings import RunSettings, SettingsError


@dataclass(frozen=True)
class Entry:
    """One settings class under a dotted path."""

    path: str
    cls: type[Choice]

    @property
    def kind(self) -> str | None:
        """The name of its kind; None for a choice of one kind."""
        field = self.cls.model_fields.get("kind")
        return None if field is None else str(field.default)

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]

    def fields(self) -> Iterator[tuple[str, FieldInfo]]:
        """Its plain fields (not the kind, not nested choices)."""
        return ((name, field) for name, field in self.cls.model_fields.items() if name != "kind" and not list(classes(field)))


def entries() -> list[Entry]:
    """Every settings class once under each path where it can be set, depth first."""
    return list(dict.fromkeys(_below(RunSettings, "")))


def _below(cls: type[Choice], path: str) -> Iterator[Entry]:
    for name, field in cls.model_fields.items():
        where = f"{path}.{name}" if path else name
        for member in classes(field):
            yield Entry(where, member)
            yield from _below(member, where)


def default_of(field: FieldInfo) -> str:
    """A field's default as a user would write it."""
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"{item:g}" for item in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else "none" if value is None else str(value)


_OF_TYPE = {bool: "true, false", type(None): "none"}


def allowed(field: FieldInfo) -> str:
    """What a field takes, in words: its bounds, or its names, or what each item of a list may be."""
    return _allowed(field.annotation, field.metadata)


def _allowed(annotation: Any, rules: Sequence[Any] = ()) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inside = [rule for part in arguments[1:] for rule in (part.metadata if isinstance(part, FieldInfo) else [part])]
        return _allowed(arguments[0], [*rules, *inside])
    if origin is Literal:
        return ", ".join(map(str, arguments))
    if is_union(annotation):
        return " or ".join(dict.fromkeys(filter(None, (_allowed(part, rules) for part in arguments))))
    if origin is tuple:
        items = [_allowed(item) for item in arguments if item is not Ellipsis]
        return ", then ".join(items) if len(set(items)) > 1 else f"each {items[0]}" if items[0] else ""
    return _OF_TYPE.get(annotation) or _bounds(rules)


def _bounds(rules: Sequence[Any]) -> str:
    signs = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    return " ".join(f"{word} {_number(getattr(rule, sign))}" for sign, word in signs.items() for rule in rules if hasattr(rule, sign))


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def unit_of(field: FieldInfo) -> str:
    """The unit of a field's value, or an empty text."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def reference_text(path: str = "") -> str:
    """The entries under `path` (all without one) as plain text. Raises SettingsError for a path that names no choice."""
    every = entries()
    chosen = [entry for entry in every if not path or entry.path == path or entry.path.startswith(f"{path}.")]
    if not chosen:
        known = ", ".join(dict.fromkeys(entry.path for entry in every))
        raise SettingsError(f"{path}: no such choice; there are: {known}")
    return "\n\n".join(_text(entry) for entry in chosen)


def _text(entry: Entry) -> str:
    head = entry.path if entry.kind is None else f'{entry.path} = "{entry.kind}"'
    lines = [f"    {name} = {default_of(field)}{_in_brackets(field)}  {field.description or ''}".rstrip() for name, field in entry.fields()]
    return "\n".join([f"{head}: {entry.summary}", *lines])


def _in_brackets(field: FieldInfo) -> str:
    parts = [part for part in (allowed(field), unit_of(field)) if part]
    return f" ({', '.join(parts)})" if parts else ""


def reference_markdown() -> str:
    """docs/choices.md: a table of fields for every kind of every choice."""
    parts = ["# Every choice", "Made from the settings classes by `make docs`; do not edit it by hand."]
    for path in dict.fromkeys(entry.path for entry in entries()):
        parts.append(f"## `{path}`")
        parts += [_section(entry) for entry in entries() if entry.path == path]
    return "\n\n".join(parts) + "\n"


def _section(entry: Entry) -> str:
    head = f"**`{entry.kind}`** {entry.summary}" if entry.kind else entry.summary
    rows = [_table_row(name, field) for name, field in entry.fields()]
    table = ["| field | default | takes | unit | what it does |", "|---|---|---|---|---|", *rows]
    return "\n\n".join([head, "\n".join(table)] if rows else [head])


def _table_row(name: str, field: FieldInfo) -> str:
    description = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {default_of(field)} | {allowed(field)} | {unit_of(field)} | {description} |"
