"""What a comparison varies, as the texts in the form's widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from core.choices.base import Choice
from core.choices.words.texts import shown
from core.choices.words.writing import write
from core.comparison import MAX_VARIED, SAID_BY, Comparison
from core.settings import RunSettings, SettingsError
from core.ui.form import fields, suggestions
from core.ui.form.values import parse, parse_variants, write_variant

Mode = Literal["settings", "named variants"]
MODES: tuple[Mode, ...] = get_args(Mode)
NOTHING = "nothing"
MOST_DIGITS = 20  # digits of a seed; the largest seed has 10


@dataclass(frozen=True)
class Varied:
    """`crossed`: texts of the values by dotted path; `named`: one variant for each line. Only the one that `mode` names is used."""

    mode: Mode
    crossed: dict[str, list[str]]
    named: str
    seeds: str

    def read(self, base: RunSettings | None = None) -> dict[str, Any]:
        """The arguments of `Comparison` except its base. Raises SettingsError."""
        seeds = parse_seeds(self.seeds)
        if self.mode == "named variants":
            return {"variants": parse_variants(self.named, base), "seeds": seeds}
        return {"vary": {path: [parse(path, text, base) for text in texts] for path, texts in self.crossed.items()}, "seeds": seeds}


def of(comparison: Comparison, paths: Sequence[str] = ()) -> Varied:
    """What a comparison varies; if it varies nothing, `paths` with their suggested values."""
    crossed = {path: [write(value) for value in values] for path, values in comparison.vary.items()}
    if not crossed and not comparison.variants:
        crossed = {path: starting_values(path, comparison.base) for path in paths[:MAX_VARIED]}
    mode: Mode = "named variants" if comparison.variants else "settings"
    return Varied(mode, crossed, _lines(comparison), write_seeds(comparison))


def in_names(comparison: Comparison) -> Varied:
    """The same comparison with every variant written as a named variant."""
    return Varied("named variants", {}, _spelled_out(comparison), write_seeds(comparison))


def starting_values(path: str, base: RunSettings) -> list[str]:
    """The texts that a setting's list of values begins with."""
    place = fields.find(path, base)
    return suggestions.starters(path, *place, start_of(path, *place, base)) if place else []


def offered_values(path: str, base: RunSettings) -> list[str]:
    """The texts that a setting's list of values offers."""
    place = fields.find(path, base)
    return suggestions.offered(path, *place, start_of(path, *place, base)) if place else []


def start_of(path: str, owner: type[Choice], name: str, base: RunSettings) -> Any:
    """The value of a setting in the base, or its default if the base's kinds have no such setting."""
    value = _at(path, base)
    return owner.model_fields[name].default if value is None else value


def _at(path: str, settings: Choice) -> Any:
    """The value at a dotted path; None if there is no such setting."""
    value: Any = settings
    for part in path.split("."):
        value = getattr(value, part, None)
    return value


def paths(base: RunSettings) -> list[str]:
    """The dotted paths that can vary: every choice, then every single setting of the base's kinds."""
    found = list(_paths(base, ""))
    return [*(path for path in found if "." not in path), *(path for path in found if "." in path)]


def everywhere(asked: dict[str, Any]) -> list[str]:
    """The paths that every variant sets, so that the base's values are not used. `asked`: arguments of `Comparison`."""
    if vary := asked.get("vary"):
        return list(vary)
    named = [set(variant) - {"name"} for variant in asked.get("variants", ())]
    return sorted(set.intersection(*named)) if named else []


def differences(base: Choice, other: Choice) -> dict[str, Any]:
    """The values in which `other` differs from `base`, by dotted path; a choice of another kind counts as a whole. The seed is ignored.

    If two settings describe the same thing, such as `model.width` and the resulting `model.hidden`, only one of them is listed.
    """
    changed = _differences(base, other)
    for path, others in SAID_BY.items():
        if path in changed:
            saying = [name for name in others if _at(name, other) is not None]
            for name in [path] if saying else others:
                changed.pop(name, None)
    return changed


def _differences(base: Choice, other: Choice, prefix: str = "") -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, _ in fields.leaves(type(base)):
        old, new, path = getattr(base, name), getattr(other, name), f"{prefix}{name}"
        if isinstance(new, Choice) and type(old) is type(new):
            changed |= _differences(old, new, f"{path}.")
        elif old != new and path != "seed":
            changed[path] = new.identity() if isinstance(new, Choice) else new
    return changed


def parse_seeds(text: str) -> int | list[int]:
    """`5` is a number of seeds; `0, 3, 4` are the seeds themselves. Raises SettingsError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and len(part) <= MOST_DIGITS for part in parts):
        raise SettingsError(f"seeds: {shown(text)}: give their number, such as 5, or the seeds themselves, such as 0, 3, 4")
    numbers = [int(part) for part in parts]
    return numbers if "," in text else numbers[0]


def write_seeds(comparison: Comparison) -> str:
    """Seeds as text: their number, if they count up from the base's seed; else the seeds themselves."""
    seeds = comparison.seed_list
    counts = seeds[0] == comparison.base.seed and all(after == before + 1 for before, after in pairwise(seeds))
    return str(len(seeds)) if counts else ", ".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


def _lines(comparison: Comparison) -> str:
    if not comparison.variants:
        return _spelled_out(comparison) if comparison.vary else ""
    return "\n".join(write_variant(variant.name, variant.overrides) for variant in comparison.variants)


def _spelled_out(comparison: Comparison) -> str:
    runs = dict(reversed(comparison.members))  # the first run of each name
    return "\n".join(write_variant(name, differences(comparison.base, runs[name])) for name in comparison.names)


def _paths(at: Choice, prefix: str) -> list[str]:
    found = []
    for name, _ in fields.leaves(type(at)):
        path, inner = f"{prefix}{name}", getattr(at, name)
        if path not in ("seed", "data.path", "data.sha256") and suggestions.offered(path, type(at), name, inner):
            found.append(path)
        if isinstance(inner, Choice):
            found += _paths(inner, f"{path}.")
    return found
