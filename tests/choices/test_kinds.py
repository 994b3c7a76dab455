"""Every class of a kind can be chosen, under a name that texts, links and files hold as it is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Literal

import pytest

import core
from core.choices.base import Choice
from core.choices.pruning import PruningChoice
from core.reference import entries


def subclasses(cls: type) -> Iterator[type[Choice]]:
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def classes_of_kinds() -> list[type[Choice]]:
    """Those of the package itself that say their kind: what has none is what several kinds share."""
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.startswith(("core.choices", "core.data")):
            importlib.import_module(module.name)
    named = [cls for cls in subclasses(Choice) if cls.__module__.startswith("core.") and "kind" in cls.model_fields]
    return [cls for cls in named if isinstance(cls.model_fields["kind"].default, str)]


@pytest.mark.parametrize("cls", classes_of_kinds(), ids=lambda cls: cls.__name__)
def test_a_class_of_a_kind_is_in_its_union(cls):
    assert cls in {entry.cls for entry in entries()}, f"nobody can choose {cls.__name__}: add it to the union in {cls.__module__}"


@pytest.mark.parametrize("name", ["squared gradient", "Magnitude", "a-b", ""])
def test_a_kind_that_texts_cannot_hold_is_refused_with_its_class(name):
    namespace = {"__annotations__": {"kind": Literal[name]}, "kind": name, "__module__": __name__}
    with pytest.raises(TypeError, match=r"^Odd: the kind "):
        type("Odd", (Choice,), namespace)


def test_a_criterion_with_an_odd_name_is_refused_too():
    namespace = {"__annotations__": {"kind": Literal["a b"]}, "kind": "a b", "__module__": __name__, "score": lambda self, weights: weights}
    with pytest.raises(TypeError, match="small letters"):
        type("Odd", (PruningChoice,), namespace)
