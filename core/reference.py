"""Every choice with its kinds and fields, read from the settings classes: printed by the command line and shown in docs/choices.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.choices import schema
from core.choices.base import Choice, classes
from core.settings import RunSettings, SettingsError


@dataclass(frozen=True)
class Entry:
    """One settings class under a dotted path."""

    path: str
    cls: type[Choice]

    @property
    def kind(self) -> str | None:
        """Returns the name of its kind; None for a choice with only one kind."""
        field = self.cls.model_fields.get("kind")
        return None if field is None else str(field.default)

    @property
    def summary(self) -> str:
        """Returns the first line of its docstring."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]

    def fields(self) -> Iterator[tuple[str, FieldInfo]]:
        """Returns its plain fields (neither the kind nor nested choices)."""
        return ((name, field) for name, field in self.cls.model_fields.items() if name != "kind" and not list(classes(field)))


def entries() -> list[Entry]:
    """Returns every settings class once under each path where it can be set, depth first."""
    return list(dict.fromkeys(_below(RunSettings, "")))


@cache
def marked(mark: str) -> tuple[str, ...]:
    """The dotted paths of all settings whose field carries this mark, such as `regularizes`."""
    root: tuple[str, type[Choice]] = ("", RunSettings)
    owners = [root, *((f"{entry.path}.", entry.cls) for entry in entries())]
    found = [f"{path}{name}" for path, cls in owners for name in cls.model_fields if schema.extra(cls, name, mark)]
    return tuple(dict.fromkeys(found))


def _below(cls: type[Choice], path: str) -> Iterator[Entry]:
    for name, field in cls.model_fields.items():
        where = f"{path}.{name}" if path else name
        for member in classes(field):
            yield Entry(where, member)
            yield from _below(member, where)


def default_of(field: FieldInfo) -> str:
    """Returns a field's default as a user would write it."""
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"{item:g}" for item in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else "none" if value is None else str(value)


def reference_text(path: str = "") -> str:
    """Returns the entries under `path` (all if it is empty) as plain text. Raises SettingsError for a path that names no choice."""
    every = entries()
    chosen = [entry for entry in every if not path or entry.path == path or entry.path.startswith(f"{path}.")]
    if not chosen:
        known = ", ".join(dict.fromkeys(entry.path for entry in every))
        raise SettingsError(f"{path}: no such choice; there are: {known}")
    return "\n\n".join(_text(entry) for entry in chosen)


def _text(entry: Entry) -> str:
    head = entry.path if entry.kind is None else f'{entry.path} = "{entry.kind}"'
    lines = [
        f"    {name} = {default_of(field)}{_in_brackets(entry.cls, name)}  {field.description or ''}".rstrip()
        for name, field in entry.fields()
    ]
    return "\n".join([f"{head}: {entry.summary}", *lines])


def _in_brackets(owner: type[Choice], name: str) -> str:
    parts = [part for part in (schema.allowed(owner, name), schema.unit(owner, name)) if part]
    return f" ({', '.join(parts)})" if parts else ""


def reference_markdown() -> str:
    """Returns docs/choices.md: a table of fields for every kind of every choice."""
    parts = ["# Every choice", "This page is generated from the settings classes by `make docs`; do not edit it by hand."]
    for path in dict.fromkeys(entry.path for entry in entries()):
        parts.append(f"## `{path}`")
        parts += [_section(entry) for entry in entries() if entry.path == path]
    return "\n\n".join(parts) + "\n"


def _section(entry: Entry) -> str:
    head = f"**`{entry.kind}`** {entry.summary}" if entry.kind else entry.summary
    rows = [_table_row(entry.cls, name, field) for name, field in entry.fields()]
    table = ["| field | default | takes | unit | what it does |", "|---|---|---|---|---|", *rows]
    return "\n\n".join([head, "\n".join(table)] if rows else [head])


def _table_row(owner: type[Choice], name: str, field: FieldInfo) -> str:
    description = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {default_of(field)} | {schema.allowed(owner, name)} | {schema.unit(owner, name)} | {description} |"
