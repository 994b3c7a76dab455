"""The base of all choices: one frozen, validated settings class, and the field types from which forms and docs are built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from core.choices.words.texts import shown

KIND = re.compile(r"[a-z][a-z0-9_]*")
"""The form that the name of a kind must have."""

FIELD = "of_field"
"""The error type for a validator of a whole settings class that refuses one of its fields."""


def of_field(name: str, message: str) -> PydanticCustomError:
    """An error to raise inside a validator of a whole settings class; `message` says what the field `name` must be."""
    return PydanticCustomError(FIELD, "{message}", {"field": name, "message": message})


class Choice(BaseModel):
    """The settings of one choice. They are immutable; unknown fields and values out of bounds are refused.

    A field's description is its help text, and its bounds are on the field. `json_schema_extra` may hold `logarithmic` (forms offer
    logarithmic steps), `unit`, `advanced` (forms fold the field away), and `regularizes`
    (pages compare a network with it with the same network without any of these settings).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, given: Any) -> Any:
        """Accepts other ways to write a value: an empty table for None, since TOML has no null, and a single value for a list of one."""
        return {**given, **_in_other_words(cls, given)} if isinstance(given, dict) else given

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError for a kind whose name cannot be written unchanged in texts, links and files."""
        kind = getattr(cls.model_fields.get("kind"), "default", None)
        if isinstance(kind, str) and not KIND.fullmatch(kind):
            raise TypeError(
                f"{cls.__name__}: the kind {kind!r} may only have small letters, digits and underscores, as in squared_gradient"
            )

    def arguments(self) -> dict[str, Any]:
        """The fields as keyword arguments, without `kind`."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}

    def identity(self) -> dict[str, Any]:
        """What distinguishes this value from others: `kind` and every field that is not at its default.

        A field that is added later, with a default, does not change the identity of older settings.
        """
        defaults = _defaults(type(self))
        values = {name: _plain(getattr(self, name)) for name in defaults}
        changed = {name: value for name, value in values.items() if value != defaults[name]}
        return {"kind": self.kind, **changed} if "kind" in defaults else changed  # type: ignore[attr-defined]


def _in_other_words(cls: type[Choice], given: dict[Any, Any]) -> dict[Any, Any]:
    """The given values that a field stores in another form, by field name."""
    optional, lists, numbers = optional_fields(cls), list_fields(cls), number_fields(cls)
    changed: dict[Any, Any] = {}
    for name, value in given.items():
        if isinstance(value, bool):
            if name in numbers:
                raise of_field(name, f"{str(value).lower()}: input should be a number")
        elif name in lists:
            changed[name] = (value,) if isinstance(value, int | float | str) else value
        elif name in optional and isinstance(value, dict):
            changed[name] = value or None
        elif isinstance(value, float) and value == 0:
            changed[name] = 0.0  # turns -0.0 into 0.0, which equals it but has another text
    return changed


@cache
def optional_fields(cls: type[BaseModel]) -> frozenset[str]:
    """The fields that may be None."""
    return frozenset(name for name, field in cls.model_fields.items() if type(None) in get_args(field.annotation))


@cache
def list_fields(cls: type[BaseModel]) -> frozenset[str]:
    """The fields that hold a list of any length and nothing else."""
    return frozenset(name for name, field in cls.model_fields.items() if get_args(field.annotation)[-1:] == (...,))


@cache
def number_fields(cls: type[BaseModel]) -> frozenset[str]:
    """The fields that hold a number, or a number or one of a few words."""
    return frozenset(name for name, field in cls.model_fields.items() if _is_number(field.annotation))


def _is_number(annotation: Any) -> bool:
    parts = list(_members(annotation))
    return bool({int, float} & set(parts)) and all(part in (int, float, NoneType) or get_origin(part) in (Literal, tuple) for part in parts)


def classes(field: FieldInfo) -> Iterator[type[Choice]]:
    """The settings classes that a field may hold; none for a plain value."""
    return (part for part in _members(field.annotation) if isinstance(part, type) and issubclass(part, Choice))


def _members(annotation: Any) -> Iterator[Any]:
    """The types of a union, or the single type, without annotations."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif is_union(annotation):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def is_union(annotation: Any) -> bool:
    """Whether an annotation allows several types."""
    return get_origin(annotation) is Union or type(annotation).__name__ == "UnionType"


@cache
def _defaults(cls: type[Choice]) -> dict[str, Any]:
    return {name: _plain(field.default) for name, field in cls.model_fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Choice):
        return value.identity()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _kind_alone(value: Any) -> Any:
    if isinstance(value, dict) and not isinstance(value.get("kind", ""), str):
        raise of_field("kind", f"{shown(value['kind'])}: input should be the name of a kind")
    return {"kind": value} if isinstance(value, str) else value


ByKind = BeforeValidator(_kind_alone)
"""Lets `"adam"` stand for `{"kind": "adam"}` wherever a union on `kind` is expected."""

Fraction = Annotated[float, Field(ge=0, lt=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e6)]
Strength = Annotated[float, Field(ge=0, le=1e3, json_schema_extra={"logarithmic": True})]
LearningRate = Annotated[
    float,
    Field(
        gt=0,
        le=1e3,
        description="Step size of the updates. Try factors of three around the default.",
        json_schema_extra={"logarithmic": True},
    ),
]
SEEDS_END = 2**32
Seed = Annotated[int, Field(ge=0, lt=SEEDS_END)]
