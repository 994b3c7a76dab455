"""What variants are called: every setting's text is read back as that setting, and two settings never have one text."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from core.choices.base import Choice
from core.choices.words.texts import odd_signs
from core.choices.words.writing import label, unnamed, write
from core.comparison import Comparison
from core.settings import RunSettings, SettingsError
from core.ui.form import fields
from core.ui.form.values import parse, parse_variants, write_variant
from tests.fuzz.places import Place, places
from tests.fuzz.settings import leaf

WORDS = ("none", "true", "1", "1.0", "full", "drop", "a", "b", "kind")
SIGNS = " ,=()[]{}\"\\-:.#+%/'\n\r\t\u202e\u2028äß😀1ab"


FILES = ("path", "sha256")
"""Of a table: one is found from the other, and the file must be there."""


def leaves_of(place: Place) -> list[str]:
    """The names of a settings class's single settings."""
    cls, files = place.cls, FILES if place.path == "data" else ()
    return [name for name, _ in fields.leaves(cls) if name not in files and not fields.kinds(cls, name) and fields.group(cls, name) is None]


PLACES = [place for place in places() if place.chain and leaves_of(place)]


def word(rng: Random) -> str:
    """A word as a column of somebody's table may be called."""
    return rng.choice(WORDS) if rng.random() < 0.3 else "".join(rng.choice(SIGNS) for _ in range(rng.choice((1, 2, 3, 5))))


def value_of(rng: Random, cls: type[Choice], name: str) -> Any:
    """A value of a single setting of any type."""
    shape = fields.shape(cls, name)
    if shape.holds == "text":
        return word(rng)
    if shape.holds == "mapping":
        return {word(rng): rng.choice((word(rng), 1, 1.0, 0.5, True, None, [1, word(rng)])) for _ in range(rng.randint(0, 3))}
    if shape.holds == "tuple" and fields.item_type(cls, name) is str:
        return [word(rng) for _ in range(rng.randint(0, 3))]
    return leaf(rng, cls, name)


def values(rng: Random, place: Place, count: int) -> Iterator[tuple[str, Any, RunSettings]]:
    """Some settings at a place that are allowed there: name, value, and a run that has it."""
    for name in leaves_of(place):
        for _ in range(count):
            value = value_of(rng, place.cls, name)
            try:
                yield name, value, RunSettings.model_validate(place.given({name: value}))
            except SettingsError:
                continue


def of(place: Place) -> str:
    return ".".join(name if kind is None else f"{name}={kind}" for name, kind in place.chain)


@pytest.mark.parametrize("place", PLACES, ids=of)
def test_what_is_written_of_a_setting_is_read_back(place: Place):
    for name, value, run in values(Random(of(place)), place, 8):
        path, after = f"{place.path}.{name}", {"penalty.l1": 0.25}
        line = write_variant("name", {path: value, **({} if path in after else after)})
        assert len(line.splitlines()) == 1
        (read,) = parse_variants(line, run)
        assert same(run, path, read[path]), f"{value!r} is written {line}"
        assert path in after or read["penalty.l1"] == 0.25, f"{line} swallows what stands behind it"
        assert same(run, path, parse(path, label(path, value), run)), f"{value!r} is called {label(path, value)}"


@pytest.mark.parametrize("place", PLACES, ids=of)
def test_what_is_written_of_a_whole_choice_is_read_back(place: Place):
    rng, choice = Random(of(place)), place.chain[0][0]
    for _ in range(6):
        given = place.given({name: value_of(rng, place.cls, name) for name in leaves_of(place) if rng.random() < 0.7})
        try:
            run = RunSettings.model_validate(given)
        except SettingsError:
            continue
        for held in (given[choice], getattr(run, choice)):
            for text in (write(held), label(choice, held)):
                assert RunSettings.model_validate({choice: parse(choice, text, run)}).key == run.key, text


@pytest.mark.parametrize("place", PLACES, ids=of)
def test_two_different_settings_never_share_a_name(place: Place):
    rng = Random(of(place))
    found: dict[str, dict[str, Any]] = {}
    for name, value, run in values(rng, place, 12):
        found.setdefault(name, {})[run.key] = value
    for name, by_key in found.items():
        base = RunSettings.model_validate(place.given({name: next(iter(by_key.values()))}))
        path, tried = f"{place.path}.{name}", list(by_key.values())
        alone = [Comparison.load({"base": base, "variants": [{"name": "one", path: value}], "seeds": 1}) for value in tried]
        different = {run.key for one in alone for run in one.runs()}
        comparison = Comparison.load({"base": base, "vary": {path: tried}, "seeds": 1})
        assert len(comparison.names) == len(different), f"{tried} are called {comparison.names}"
        assert not any(odd_signs(called) for called in comparison.names)


def same(run: RunSettings, path: str, value: Any) -> bool:
    """Whether the run with this value at a path is the very run."""
    return Comparison.load({"base": run, "variants": [{"name": "read", path: value}], "seeds": [run.seed]}).runs()[0].key == run.key


@pytest.mark.parametrize(
    ("name", "path", "value", "rest"),
    [
        ("adam, lr=0.1", "optimizer.lr", 0.1, "adam"),
        ("adam lr=0.1", "optimizer.lr", 0.1, "adam"),
        ("lr=0.1, dropout=0.2", "optimizer.lr", 0.1, "dropout=0.2"),
        ("lr=0.1", "optimizer.lr", 0.1, ""),
        ("adam, lr=0.1", "optimizer.lr", 0.01, "adam, lr=0.1"),
        ("my lr=0.10", "optimizer.lr", 0.1, "my lr=0.10"),
        ("16, full", "training.batch_size", "full", "16"),
        ("a custom name", "pruning.sparsity", 0.8, "a custom name"),
    ],
)
def test_a_name_without_a_setting_is_the_name_without_what_is_written_of_it(name: str, path: str, value: Any, rest: str):
    assert unnamed(name, path, value) == rest
