"""Settings, comparisons and texts of them, by chance: right ones, wrong ones, and right ones that something went wrong with."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

from core.choices import schema
from core.choices.base import Choice
from core.comparison import Comparison
from core.settings import RunSettings, SettingsError
from core.ui.form import fields, varied
from tests.fuzz.places import NOT_HERE, REQUIRED

ODD: list[Any] = [
    *(float("nan"), float("inf"), -0.0, 5e-324, 1.8e308, 10**19, -(2**63), 10**400, 10**5000, True, False, None, 0, -1, 1, 0.5),
    *(
        "",
        " ",
        "none",
        "full",
        "auto",
        "nan",
        "1e999",
        "9" * 5000,
        "\x00",
        "a\r\nb",
        "\u202egnp",
        "\ud800",
        "x" * 100_000,
        "../../etc/passwd",
    ),
    *([], {}, [None], [[1]], {"kind": None}, {"kind": "adam", "lr": {}}, [1] * 3000, {"a": {"b": {"c": {"d": [{}]}}}}),
]
MOST_LEVELS = 3000


def settings(rng: Random) -> dict[str, Any]:
    """Plain settings of a run: half of them may be right in all, the others have odd values, names and shapes among them."""
    given = right(rng, RunSettings, share=rng.choice((0.1, 0.3, 0.6)))
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 1, 2, 5))):
            spoil(rng, given)
    return given


def right(rng: Random, cls: type[Choice], share: float) -> dict[str, Any]:
    """Some of a class's settings, each a value within its bounds; what goes together is not looked at."""
    chosen = [name for name, field in fields.leaves(cls) if field.is_required() or rng.random() < share]
    return {name: REQUIRED[name] if name in REQUIRED else _value(rng, cls, name, share) for name in chosen}


def _value(rng: Random, cls: type[Choice], name: str, share: float) -> Any:
    if members := fields.kinds(cls, name):
        kind = rng.choice([kind for kind in members if kind not in NOT_HERE])
        return kind if rng.random() < 0.2 else {"kind": kind, **right(rng, members[kind], share)}
    if single := fields.group(cls, name):
        return right(rng, single, share)
    return leaf(rng, cls, name)


def leaf(rng: Random, cls: type[Choice], name: str) -> Any:
    """A value of a single setting, within its bounds or on them."""
    shape = fields.shape(cls, name)
    low, high = schema.bounds(cls, name)
    if shape.optional and rng.random() < 0.3:
        return None
    if shape.words and (shape.holds == "words" or rng.random() < 0.3):
        return rng.choice(shape.words)
    match shape.holds:
        case "boolean":
            return rng.random() < 0.5
        case "integer":
            return rng.randint(int(low or 0), int(min(high or 100, (low or 0) + 40)))
        case "number":
            return _number(rng, low or 0.0, 1.0 if high is None else high)
        case "tuple":
            integers = fields.item_type(cls, name) is int
            return [rng.randint(1, 12) if integers else _number(rng, 0.0, 1.0) for _ in range(rng.choice((1, 2, 2, 3)))]
        case "mapping":
            return rng.choice(({}, {"momentum": 0.9}))
        case _:
            return cls.model_fields[name].default


def _number(rng: Random, low: float, high: float) -> float:
    tried = (low, high, rng.uniform(low, high), low + 10 ** rng.uniform(-6, 0), high * 10 ** rng.uniform(-6, 0))
    number = rng.choice(tried)
    return float(f"{number:.3g}") if math.isfinite(number) else 0.5


def spoil(rng: Random, given: Any) -> None:
    """Puts something odd somewhere into plain settings, in place."""
    place = given
    while inside := [value for value in (place.values() if isinstance(place, dict) else place) if isinstance(value, dict | list) and value]:
        if rng.random() < 0.4:
            break
        place = rng.choice(inside)
    if isinstance(place, list):
        place[rng.randrange(len(place))] = rng.choice(ODD)
        return
    names = [*place, *("kind", "lr", "lr ", "Kind", "", "a.b", "\u202e", "x" * 5000, "__class__")]
    place[rng.choice(names)] = rng.choice((*ODD, deep(rng.randrange(MOST_LEVELS)), dict(given)))


def deep(levels: int) -> Any:
    """Lists and tables within each other."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def comparison(rng: Random) -> dict[str, Any]:
    """The arguments of a comparison: crossed settings or named variants over a base, spoilt in half of all cases."""
    base = right(rng, RunSettings, share=0.2)
    given: dict[str, Any] = {"base": base, "seeds": rng.choice((1, 2, 5, [0, 3], [7]))}
    paths = varied.paths(_valid(base))
    if rng.random() < 0.5:
        given["vary"] = {path: [_at(rng, path) for _ in range(rng.randint(1, 4))] for path in rng.sample(paths, rng.randint(1, 3))}
    else:
        chosen = [rng.sample(paths, rng.randint(0, 3)) for _ in range(rng.randint(1, 4))]
        given["variants"] = [{"name": name(rng, number), **{path: _at(rng, path) for path in part}} for number, part in enumerate(chosen)]
    if rng.random() < 0.5:
        spoil(rng, given)
    return given


def _at(rng: Random, path: str) -> Any:
    place = fields.find(path)
    return rng.choice(ODD) if place is None else _value(rng, *place, share=0.3)


def _valid(base: dict[str, Any]) -> RunSettings:
    try:
        return RunSettings.model_validate(base)
    except SettingsError:
        return RunSettings()


def name(rng: Random, number: int) -> str:
    """A variant's name, sometimes an awkward one."""
    return rng.choice((f"v{number}", f"größer, {number}", f'"{number}: a=b"', f"\\{number}\\", f"={number}", f"({number}]", "\u202e", ""))


def text(rng: Random) -> tuple[str, str]:
    """(language, text): a comparison in TOML or JSON, or one in which signs were changed, left out, doubled or put in."""
    language = rng.choice(("toml", "json"))
    written = _written(rng, language)
    for _ in range(rng.choice((0, 1, 1, 3, 20))):
        written = _changed(rng, written)
    return language, written


def _written(rng: Random, language: str) -> str:
    if rng.random() < 0.1:
        opening, count = (
            rng.choice(("[", "{", '{"a":', "a.", "[[a]]\n", "a=[", '"""', "\ufeff", "1", "-", "0x")),
            rng.choice((1, 100, 20_000)),
        )
        return opening * count
    try:
        found = Comparison.load(comparison(rng))
    except SettingsError:
        return "seeds = 3\n[vary]\noptimizer = ['sgd', 'adam']" if language == "toml" else json.dumps({"vary": {"optimizer": ["sgd"]}})
    return found.to_toml() if language == "toml" else found.to_json()


SIGNS = [
    *"[]{}\"'=.,:#\\\n\r\t -+_eE0123456789anift",
    "\x00",
    "\u202e",
    "\ud800",
    "ü",
    "[" * 500,
    "{a=" * 500,
    "1" * 5000,
    "inf",
    "1979-05-27",
]


def _changed(rng: Random, written: str) -> str:
    if not written:
        return rng.choice(SIGNS)
    start = rng.randrange(len(written))
    end = min(len(written), start + rng.choice((0, 1, 1, 5, 50)))
    part = rng.choice(("", rng.choice(SIGNS), written[start:end] * 2, written[start:end][::-1], written[: rng.randrange(200)]))
    return written[:start] + part + written[end:]
