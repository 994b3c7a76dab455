"""Comparison: base settings, the settings that vary, and the seeds."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from core.choices.base import SEEDS_END, Choice, Seed
from core.choices.words.refusals import InWords, SettingsError, below, read_json, read_toml, worded
from core.choices.words.tables import in_order, toml, with_empty, without_defaulted_none
from core.choices.words.texts import as_name, short, shown
from core.choices.words.writing import as_toml, label, unnamed
from core.settings import RunSettings

__all__ = ["Comparison", "Role", "Variant", "as_toml", "label"]

MAX_VARIED = 3
LONGEST_NAME = 1_000
"""Largest number of letters of a variant's name: the names of three crossed settings can be long."""
MAX_RUNS = 8_000
"""A new comparison is looked up in the store by one statement with four values per run; SQLite allows 32,766 values."""
SAID_BY = {"model.hidden": ("model.width", "model.depth")}
"""Settings by dotted path, with other settings of the same thing that take precedence over them."""
FOUND_FROM = {"data.path": ("data.sha256",)}
"""Settings by dotted path, with the settings from which they are computed."""

Role = Literal["reference", "treated"]


class Variant(BaseModel):
    """A named variant: its name, and the settings that differ from the base, by dotted path."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(as_name)]

    @model_validator(mode="before")
    @classmethod
    def _in_plain_values(cls, given: Any) -> Any:
        return {name: as_toml(value) for name, value in given.items()} if isinstance(given, dict) else given

    @property
    def overrides(self) -> dict[str, Any]:
        """Dotted path -> value."""
        return dict(self.model_extra or {})


class Comparison(InWords):
    """Runs that differ in the settings that vary, each with the same seeds.

    `vary` maps dotted paths to lists of values, which are crossed; `variants` names the combinations one by one instead. `seeds` is the
    number of seeds (counted from base.seed) or their list. An unknown path or value is refused with `SettingsError`'s message: path,
    value, and the allowed values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: RunSettings = RunSettings()
    vary: dict[str, tuple[Any, ...]] = Field(default={}, max_length=MAX_VARIED)
    variants: tuple[Variant, ...] = ()
    seeds: Annotated[int, Field(ge=1, le=10_000)] | Annotated[tuple[Seed, ...], Field(min_length=1)] = 5

    @field_validator("base", mode="before")
    @classmethod
    def _base_in_our_words(cls, base: Any) -> Any:
        if not isinstance(base, RunSettings | dict):
            raise worded(f"base: {shown(base)}: settings are a table")
        return base if isinstance(base, RunSettings) else _validated(base, "base.")

    @field_validator("vary", mode="before")
    @classmethod
    def _in_plain_values(cls, vary: Any) -> Any:
        return {path: as_toml(values) for path, values in vary.items()} if isinstance(vary, dict) else vary

    @model_validator(mode="after")
    def _every_variant_is_valid(self) -> Self:
        if self.vary and self.variants:
            raise worded("vary and variants: give one of the two")
        if empty := [path for path, values in self.vary.items() if not values]:
            raise worded(f"vary.{short(empty[0])}: needs at least one value")
        if (runs := self._size()) > MAX_RUNS:
            raise worded(f"a comparison has at most {MAX_RUNS:,} runs, but this one has {runs:,}; take fewer values or seeds")
        names = Counter(variant.name for variant in self.variants)
        if twice := {name for name, times in names.items() if times > 1}:
            raise worded(f"variants: the name {min(twice)!r} is given twice")
        if any("seed" in paths for paths in (self.vary, *(variant.overrides for variant in self.variants))):
            raise worded("seed: every variant has the same seeds; say which in seeds")
        if self.seed_list[-1] >= SEEDS_END:
            raise worded(f"seeds: {shown(self.seeds)} from base.seed = {self.base.seed} on exceed the largest seed, {SEEDS_END - 1}")
        _ = self.members
        return self

    def _size(self) -> int:
        """Returns the number of runs, or a larger number if some are equal; it is computed without making the runs."""
        seeds = self.seeds if isinstance(self.seeds, int) else len(self.seeds)
        return seeds * (len(self.variants) or math.prod(map(len, self.vary.values())))

    @cached_property
    def members(self) -> tuple[tuple[str, RunSettings], ...]:
        """(variant name, run) for every run, variant by variant; two variants that are the same run are merged under the first name."""
        known: dict[str, tuple[str, RunSettings]] = {}
        for name, overrides in self._overrides():
            settings = _validated(_with(self.base, overrides), f"variant {short(name)!r}: ")
            for seed in self.seed_list:
                run = settings.model_copy(update={"seed": seed})
                known.setdefault(run.key, (name, run))
        return tuple(known.values())

    def runs(self) -> list[RunSettings]:
        """Returns every run once, variant by variant, in the order of the seeds."""
        return [run for _, run in self.members]

    @property
    def names(self) -> list[str]:
        """Returns the names of the variants, in order."""
        return list(dict.fromkeys(name for name, _ in self.members))

    @cached_property
    def settings(self) -> dict[str, RunSettings]:
        """Variant -> its run with the first seed, in order."""
        first = dict(reversed(self.members))
        return {name: first[name] for name in self.names}

    def roles(self, *paths: str) -> dict[str, Role]:
        """Variant -> its role with regard to the settings at these dotted paths, such as `pruning`.

        A reference has all of them at their defaults, which means without the method; every other variant is treated.
        """
        return {name: "treated" if any(_is_set(run, path) for path in paths) else "reference" for name, run in self.settings.items()}

    def counterparts(self, *paths: str) -> dict[str, str]:
        """Treated variant -> its counterpart: the reference with the same settings except those at these paths.

        A variant without a counterpart is left out.
        """
        roles, rest = self.roles(*paths), {name: settings_without(run, paths) for name, run in self.settings.items()}
        references = {rest[name]: name for name, role in roles.items() if role == "reference"}
        return {name: references[rest[name]] for name, role in roles.items() if role == "treated" and rest[name] in references}

    def families(self, *paths: str, nameless: str = "") -> dict[str, str]:
        """Variant -> the name of its family: the variants that share all settings except those at these dotted paths.

        The name is what the variants' names have in common without these settings (`nameless` if nothing is left), or else the first
        variant's name. No two families have the same name.
        """
        rest = {name: settings_without(run, paths) for name, run in self.settings.items()}
        together: dict[str, list[str]] = {}
        for name, identity in rest.items():
            together.setdefault(identity, []).append(name)
        called = dict(zip(together, _told_apart([self._common(names, paths) or nameless for names in together.values()]), strict=True))
        return {name: called[identity] for name, identity in rest.items()}

    def _common(self, names: Sequence[str], paths: Iterable[str]) -> str:
        """Returns `adam` for `adam, lr=0.1` and `adam, lr=1`; the first name if the names contain more than these settings."""
        shorter = list(names)
        for path in paths:
            shorter = [unnamed(rest, path, value_at(self.settings[name], path)) for rest, name in zip(shorter, names, strict=True)]
        return shorter[0] if len(set(shorter)) == 1 else names[0]

    @property
    def seed_list(self) -> list[int]:
        """Returns the seeds as a list."""
        return [self.base.seed + n for n in range(self.seeds)] if isinstance(self.seeds, int) else list(self.seeds)

    @cached_property
    def id(self) -> str:
        """Returns the comparison's identity: a hash (12 hex digits) of its runs and their variants' names."""
        canonical = json.dumps([(name, run.key) for name, run in self.members])
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def differences(self) -> dict[str, dict[str, Any]]:
        """Variant -> {dotted path: value} for the settings in which the variants differ, "-" if a variant does not have the setting."""
        flat = {name: dict(_leaves(run.model_dump(mode="json", exclude={"seed"}))) for name, run in self.settings.items()}
        paths = list(dict.fromkeys(path for leaves in flat.values() for path in leaves))
        differing = [path for path in paths if len({json.dumps(leaves.get(path, "-")) for leaves in flat.values()}) > 1]
        return {name: {path: leaves.get(path, "-") for path in differing} for name, leaves in flat.items()}

    def _overrides(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if self.variants:
            yield from ((variant.name, variant.overrides) for variant in self.variants)
            return
        for values in itertools.product(*self.vary.values()):
            overrides = dict(zip(self.vary, values, strict=True))
            yield ", ".join(label(path, value) for path, value in overrides.items()) or "base", overrides

    def to_json(self) -> str:
        """Returns the comparison as JSON text; `from_json` makes an equal comparison of it."""
        return json.dumps(self._written())

    def _written(self) -> dict[str, Any]:
        """Returns plain values. In the base, None is left out if it is the default; elsewhere it is an empty table, because TOML has no
        null.
        """
        whole = self.model_dump(mode="json")
        return {
            "base": without_defaulted_none(self.base),
            "vary": with_empty(whole["vary"]),
            "variants": with_empty(whole["variants"]),
            "seeds": whole["seeds"],
        }

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        """Makes a comparison from JSON text. Raises SettingsError."""
        return cls.load(read_json(text))

    def to_toml(self) -> str:
        """Returns the comparison as TOML text with every setting."""
        written = self._written()
        head = {name: written[name] for name in ("seeds", "base")}
        return "\n".join([f"{toml(head)}\n", *in_order(written["vary"], written["variants"])])

    @classmethod
    def from_toml(cls, text: str) -> Comparison:
        """Makes a comparison from TOML text. Raises SettingsError."""
        return cls.load(read_toml(text))

    @classmethod
    def load(cls, given: Any) -> Comparison:
        """Makes a comparison from a plain dict. Raises SettingsError with a message for users."""
        if not isinstance(given, dict):
            raise SettingsError(f"a comparison is a table with base, vary or variants, and seeds, not {type(given).__name__}")
        return cls.model_validate(given)


def value_at(settings: Choice, path: str) -> Any:
    """Returns the setting at a dotted path; None if there is none."""
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def settings_without(run: RunSettings, paths: Iterable[str]) -> str:
    """Returns all settings of a run except its seed and those at these dotted paths, as text: equal for runs that share them."""
    dumped = run.model_dump(mode="json", exclude={"seed"})
    for path in paths:
        *parents, last = path.split(".")
        inner: Any = dumped
        for name in parents:
            inner = inner.get(name, {})
        inner.pop(last, None)
    return json.dumps(dumped, sort_keys=True)


def _is_set(run: RunSettings, path: str) -> bool:
    """Returns whether a setting exists and has an effect: a number is not 0, anything else is not at its default."""
    parent, _, last = path.rpartition(".")
    owner = value_at(run, parent) if parent else run
    fields = type(owner).model_fields if isinstance(owner, Choice) else {}
    if last not in fields:
        return False
    value, default = getattr(owner, last), fields[last].default
    if isinstance(value, Choice) and isinstance(default, Choice):
        return value.identity() != default.identity()  # an identity leaves out settings without an effect
    if isinstance(value, int | float | tuple):
        return any(value) if isinstance(value, tuple) else value != 0
    return bool(value != default)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Returns the names; a name that occurs twice gets a number."""
    counts = Counter(names)
    taken, told = set(names), []
    for number, name in enumerate(names, 1):
        unique = name
        while counts[name] > 1 and unique in taken:
            unique = f"{unique} ({number})"
        taken.add(unique)
        told.append(unique)
    return told


def _validated(given: Any, where: str) -> RunSettings:
    try:
        return RunSettings.model_validate(given)
    except SettingsError as error:
        raise worded(below(where, str(error))) from None


def _with(base: RunSettings, overrides: dict[str, Any]) -> dict[str, Any]:
    """Returns the base as plain dicts with each dotted path replaced, a whole choice before its own settings."""
    settings = base.model_dump()
    overrides = _whole_choices(overrides)
    _unsay(settings, overrides)
    for path, value in sorted(overrides.items(), key=lambda item: item[0].count(".")):
        _replace(settings, path, value)
        if any(other.startswith(f"{path}.") for other in overrides):
            settings = _filled(settings, path.partition(".")[0])
    return settings


def _whole_choices(overrides: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path, value in overrides.items():
        choice, made = _whole(path, value)
        if choice in whole:
            raise worded(f"{choice} and {choice}.kind: both set the kind; give one of the two")
        whole[choice] = made
    return whole


def _whole(path: str, value: Any) -> tuple[str, Any]:
    """Returns the kind of a choice as a whole choice: `optimizer.kind = "sgd"` as `optimizer = {kind = "sgd"}`."""
    choice, _, last = path.rpartition(".")
    if last != "kind" or not choice:
        return path, value
    if not isinstance(value, str):
        raise worded(f"{short(path)}: {shown(value)}: a kind is a name")
    return choice, {"kind": value}


def _unsay(settings: dict[str, Any], overrides: dict[str, Any]) -> None:
    """Removes settings of the base that would take precedence over an override, such as `model.width` over `model.hidden`.

    Raises SettingsError if two overrides set the same thing.
    """
    for path in overrides:
        for other in (*SAID_BY.get(path, ()), *FOUND_FROM.get(path, ())):
            group, _, name = other.partition(".")
            if other not in overrides:
                settings[group].pop(name, None)
            elif path in SAID_BY:
                raise worded(f"{path} and {other}: the second takes precedence over the first; give one of the two")


def _filled(settings: dict[str, Any], choice: str) -> dict[str, Any]:
    """Returns the settings with all defaults, so that paths into a choice given by its kind exist; invalid settings are returned unchanged.

    If the settings do not fit together, which is reported after all overrides are applied, only this choice gets its defaults.
    """
    try:
        return RunSettings.model_validate(settings).model_dump()
    except SettingsError:
        field = RunSettings.model_fields.get(choice)
    try:
        return settings if field is None else {**settings, choice: _of_field(field).validate_python(settings[choice]).model_dump()}
    except ValidationError:
        return settings


def _of_field(field: FieldInfo) -> TypeAdapter[Any]:
    annotated: Any = Annotated[(field.annotation, *field.metadata)]
    return TypeAdapter(annotated)


def _replace(settings: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place: Any = settings
    for depth, name in enumerate([*parents, last]):
        if not isinstance(place, dict) or name not in place:
            raise worded(f"{short(path)}: no such setting; {_offer(place, path.split('.')[:depth])}")
        if depth < len(parents):
            place = place[name]
    place[last] = value


def _offer(place: Any, parents: list[str]) -> str:
    where = short(".".join(parents)) or "a run"
    if not isinstance(place, dict):
        return f"{where} is a single value"
    kind = f" ({place['kind']})" if "kind" in place else ""
    return f"{where}{kind} has: {', '.join(place)}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else name)
    else:
        yield path, value
