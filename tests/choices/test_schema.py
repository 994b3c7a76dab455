"""Fields as the JSON schema tells them, against what pydantic really takes."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from core.choices import schema
from core.reference import entries
from core.ui.form import fields

NUMBERS = sorted(
    {
        (entry.cls, name)
        for entry in entries()
        for name, _ in entry.fields()
        if fields.shape(entry.cls, name).holds in ("number", "whole") and None not in schema.bounds(entry.cls, name)
    },
    key=str,
)


@pytest.mark.parametrize(("owner", "name"), NUMBERS, ids=lambda part: getattr(part, "__name__", part))
def test_pydantic_takes_numbers_just_inside_the_bounds_and_none_just_outside(owner, name):
    info = owner.model_fields[name]
    adapter = TypeAdapter(Annotated[info.annotation, info])
    whole = fields.shape(owner, name).holds == "whole"
    low, high = schema.bounds(owner, name)
    step = schema.extra(owner, name, "multipleOf") or 1 if whole else (high - low) * 1e-9
    make = int if whole else float
    for inside in (low + step, high - step):
        adapter.validate_python(make(inside))
    for outside in (low - step, high + step):
        with pytest.raises(ValidationError):
            adapter.validate_python(make(outside))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.path}.{entry.kind or ''}")
def test_every_default_is_among_what_is_allowed(entry):
    for name, field in entry.fields():
        if field.is_required() or not isinstance(field.default, int | float) or isinstance(field.default, bool):
            continue
        low, high = schema.bounds(entry.cls, name)
        assert low is None or low <= field.default, name
        assert high is None or field.default <= high, name
