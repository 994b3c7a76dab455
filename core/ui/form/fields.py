"""The settings classes as forms and texts see them: the value type of each field, its bounds, its labels.

There are three kinds of field: a choice with kinds (`optimizer`), a group without kinds (`training`), and a leaf (`optimizer.lr`).
The shape of a leaf decides its widget and how its value is written.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from core.choices import schema
from core.choices.base import Choice
from core.settings import RunSettings
from core.ui.markdown import escaped

Holds = Literal["boolean", "words", "integer", "number", "tuple", "mapping", "text"]

WORDS = {"lr": "learning rate", "eps": "epsilon", "l1": "L1", "l2_squared": "L2 squared", "mlp": "MLP"}
"""Names whose label differs from the name itself."""


class Shape(NamedTuple):
    """The value type of a leaf, the words that it allows (besides numbers, or only words), and whether it may be empty or a list."""

    holds: Holds
    words: tuple[str, ...] = ()
    optional: bool = False
    or_list: bool = False


HOLDS: dict[str, Holds] = {
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "string": "text",
    "array": "tuple",
    "object": "mapping",
}
"""The value type of a leaf, by its type in the JSON schema."""


@cache
def kinds(owner: type[Choice], name: str) -> dict[str, type[Choice]]:
    """Kind -> settings class, for a field that is a choice with kinds; empty for other fields."""
    info = owner.model_fields[name]
    if info.discriminator != "kind":
        return {}
    return {member.model_fields["kind"].default: member for member in get_args(info.annotation)}


@cache
def group(owner: type[Choice], name: str) -> type[Choice] | None:
    """The settings class of a field that is a group without kinds; None for other fields."""
    annotation = owner.model_fields[name].annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, Choice) else None


def leaves(cls: type[Choice]) -> Iterator[tuple[str, FieldInfo]]:
    """Name and description of every field except `kind`."""
    return ((name, info) for name, info in cls.model_fields.items() if name != "kind")


@cache
def shape(owner: type[Choice], name: str) -> Shape:
    """The shape of a leaf. Raises TypeError for a type that no form can hold."""
    forms = schema.alternatives(owner, name)
    words = tuple(word for form in forms for word in schema.words(form))
    types = {form["type"] for form in forms if not schema.words(form)} - {"null"}
    or_list = len(types) > 1 and "array" in types
    types -= {"array"} if or_list else set()
    if len(types) > 1 or types - set(HOLDS):
        raise TypeError(f"{owner.__name__}.{name}: {owner.model_fields[name].annotation} has no widget")
    return Shape(HOLDS[types.pop()] if types else "words", words, any(form.get("type") == "null" for form in forms), or_list)


@cache
def item_type(owner: type[Choice], name: str) -> type:
    """The type of a list's items: int, float or str."""
    form = next(form for form in schema.alternatives(owner, name) if form.get("type") == "array")
    return {"integer": int, "number": float, "string": str}[schema.items(form)[0]["type"]]


def allowed(owner: type[Choice], name: str) -> str:
    """The allowed values of a field in words: its kinds, or its bounds as in the docs."""
    return ", ".join(kinds(owner, name)) or schema.allowed(owner, name)


def complaint(owner: type[Choice], name: str, value: Any) -> str | None:
    """Why a leaf refuses a value, in pydantic's words; None if it accepts the value."""
    try:
        _adapter(owner, name).validate_python(value)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        return f"{message[0].lower()}{message[1:]}".replace("tuple", "list")
    return None


def find(path: str, base: RunSettings | None = None) -> tuple[type[Choice], str] | None:
    """The class and name of the field at a dotted path. Uses the kinds of `base` if they have the field, else any kind that has it."""
    return _find(RunSettings, path.split("."), base)


def human(name: str) -> str:
    """A field's name as a label: `weight_decay` -> `Weight decay`."""
    words = WORDS.get(name, name.replace("_", " "))
    return f"{words[0].upper()}{words[1:]}"


def title(owner: type[Choice], name: str) -> str:
    """A widget's label: the name, with the unit if the name does not contain it."""
    unit = schema.unit(owner, name)
    return human(name) if not unit or unit in name else f"{human(name)} ({unit})"


def summary(cls: type[Choice]) -> str:
    """The first paragraph of a settings class's docstring, on one line."""
    return " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())


def prose(cls: type[Choice]) -> str:
    """The whole docstring of a settings class as Markdown; `names` are shown as code, all other text literally."""
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    return "\n\n".join("  \n".join(map(_line, paragraph.split("\n"))) for paragraph in paragraphs)


def _line(text: str) -> str:
    parts = text.strip().split("`")
    return "".join(f"`{part}`" if index % 2 else escaped(part) for index, part in enumerate(parts))


def _find(owner: type[Choice], names: list[str], at: Any) -> tuple[type[Choice], str] | None:
    first, *rest = names
    if first not in owner.model_fields:
        return None
    if not rest:
        return owner, first
    inner = getattr(at, first, None)
    for member in _members(owner, first, inner):
        if found := _find(member, rest, inner):
            return found
    return None


def _members(owner: type[Choice], name: str, at: Any) -> list[type[Choice]]:
    single = group(owner, name)
    every = [single] if single else list(kinds(owner, name).values())
    return sorted(every, key=lambda member: not isinstance(at, member))


@cache
def _adapter(owner: type[Choice], name: str) -> TypeAdapter[Any]:
    info = owner.model_fields[name]
    annotated: Any = Annotated[info.annotation, info]
    return TypeAdapter(annotated)
