"""Every place where a setting can be: found in the settings classes, so that a new one is tried as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.choices.base import Choice, classes
from core.settings import RunSettings

NOT_HERE = {"custom", "openml", "table"}
"""Kinds that need a user's code, the network, a file."""
REQUIRED = {"target": "y", "sha256": "0" * 64}
"""Values of the fields that have no default, by name."""


@dataclass(frozen=True)
class Place:
    """A settings class, and the names and kinds of the choices that lead to it."""

    chain: tuple[tuple[str, str | None], ...]
    cls: type[Choice]

    @property
    def path(self) -> str:
        """The dotted path, empty for the settings of a run themselves."""
        return ".".join(name for name, _ in self.chain)

    def given(self, values: dict[str, Any]) -> dict[str, Any]:
        """Plain settings of a run that has these values here, and all others at their defaults."""
        given = {name: REQUIRED[name] for name, field in self.cls.model_fields.items() if field.is_required()} | values
        for name, kind in reversed(self.chain):
            given = {name: given if kind is None else {"kind": kind, **given}}
        return given


def places(cls: type[Choice] = RunSettings, chain: tuple[tuple[str, str | None], ...] = ()) -> Iterator[Place]:
    """Every settings class at every place where it can be."""
    yield Place(chain, cls)
    for name, field in cls.model_fields.items():
        for member in classes(field):
            kind = member.model_fields.get("kind")
            yield from places(member, (*chain, (name, None if kind is None else kind.default)))
