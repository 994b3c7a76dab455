"""What every choice shares: one frozen, validated settings class, and the field types that forms and docs are made from."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Choice(BaseModel):
    """Settings of one choice, immutable; an unknown field or a value out of bounds is refused.

    A field's description is its help text; bounds are on the field; `json_schema_extra` may carry
    `logarithmic` (pick it on a logarithmic list), `unit`, and `advanced` (fold it away in forms).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_table_is_none(cls, given: Any) -> Any:
        """TOML has no null: an empty table stands for it where a field may be None."""
        if not isinstance(given, dict) or {} not in given.values():
            return given
        return {name: None if value == {} and name in optional_fields(cls) else value for name, value in given.items()}

    def arguments(self) -> dict[str, Any]:
        """The fields as keyword arguments, without `kind`."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}

    def identity(self) -> dict[str, Any]:
        """What tells this value from others: `kind` and every field that is not at its default.

        A field added later with a default leaves the identity of older settings as it was.
        """
        defaults = _defaults(type(self))
        values = {name: _plain(getattr(self, name)) for name in defaults}
        changed = {name: value for name, value in values.items() if value != defaults[name]}
        return {"kind": self.kind, **changed} if "kind" in defaults else changed  # type: ignore[attr-defined]


@cache
def optional_fields(cls: type[BaseModel]) -> frozenset[str]:
    """The fields that may be None."""
    return frozenset(name for name, field in cls.model_fields.items() if type(None) in get_args(field.annotation))


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
    Field(gt=0, le=1e3, description="Step size. Try factors of three around the default.", json_schema_extra={"logarithmic": True}),
]
SEEDS_END = 2**32
Seed = Annotated[int, Field(ge=0, lt=SEEDS_END)]
