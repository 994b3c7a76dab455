"""Error messages for settings that cannot be used: which setting, its value, and what is allowed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from core.choices.base import FIELD, classes
from core.choices.words.texts import short, shown, without_odd_signs

MOST_COMPLAINTS = 10
"""The most lines of a message; further complaints are counted."""
LONGEST_LINE = 600
"""The most characters in a line of a message."""
MOST_LEVELS = 16
"""The most tables within each other; a comparison needs 6."""
TOO_DEEP = f"brackets or tables within each other, too deep to be settings: {MOST_LEVELS} levels at most"
MOST_PARTS = 200
"""The most names that a TOML key may join by dots: the time of Python's parser grows with the square of their number."""

Location = tuple[int | str, ...]
Path = tuple[str, ...]


class SettingsError(ValueError):
    """Settings that cannot be used. The message says which setting, its value, and what is allowed."""


class InWords(BaseModel):
    """Settings as users give them; whatever the form, unusable settings raise SettingsError."""

    def __init__(self, /, **given: Any) -> None:
        with _in_words(type(self), given):
            super().__init__(**given)

    # This constructor does what pydantic's does, so pydantic may build models without calling it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Settings from plain values. Raises SettingsError."""
        with _in_words(cls, obj):
            return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Settings from JSON text. Raises SettingsError."""
        return cls.model_validate(read_json(json_data), **options)


@contextmanager
def _in_words(cls: type[BaseModel], given: Any) -> Iterator[None]:
    _refuse_depth(given)
    try:
        yield
    except ValidationError as error:
        raise SettingsError(explain(error, given, cls)) from None  # pydantic's own message would say the same with no limit on length


def _refuse_depth(given: Any) -> None:
    level = [given]
    for _ in range(MOST_LEVELS):
        holding = [part for part in level if isinstance(part, dict | list | tuple)]
        level = [item for part in holding for item in (part.values() if isinstance(part, dict) else part)]
    if any(isinstance(part, dict | list | tuple) for part in level):
        raise SettingsError(TOO_DEEP)


def read_json(text: str | bytes | bytearray) -> Any:
    """The value of a JSON text. Raises SettingsError."""
    return _read(json.loads, text, "JSON")


def read_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text. Raises SettingsError."""
    if any(part.count(".") > MOST_PARTS for part in re.split(r"[=,\[\]{}\n]", text)):
        raise SettingsError(f"TOML that is not accepted here: a key has more than {MOST_PARTS} parts")
    table: dict[str, Any] = _read(tomllib.loads, text, "TOML")
    return table


def _read(loads: Callable[[Any], Any], text: str | bytes | bytearray, language: str) -> Any:
    try:
        value = loads(text)
    except RecursionError:
        raise SettingsError(TOO_DEEP) from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"not {language}: {short(str(error))}") from error
    except ValueError as error:  # a number with more digits than Python reads
        raise SettingsError(f"{language} that is not accepted here: {str(error).partition(';')[0]}") from error
    _refuse_depth(value)
    return value


def explain(error: ValidationError, given: Any, cls: type[BaseModel] | None = None) -> str:
    """A validation error of the value `given` as lines of `path: value: what is allowed`: at most MOST_COMPLAINTS, and the number of
    others.

    With the settings class `cls`, messages about unknown names list the allowed names.
    """
    places: dict[Path, list[ErrorDetails]] = {}  # several errors at one place if no member of a union fits
    for item in error.errors(include_url=False):
        places.setdefault(_place(item, given), []).append(item)
    outer = {place[:length] for place in places for length in range(len(place))}
    said = [place for place in places if not (place in outer and all(map(_says_only_that_something_inside_is_wrong, places[place])))]
    lines = dict.fromkeys(line for place in said[:MOST_COMPLAINTS] for line in _lines(place, places[place], cls))
    more = len(said) - MOST_COMPLAINTS
    return "\n".join([*lines, *([f"and {more:,} more"] if more > 0 else [])])


def below(where: str, complaints: str) -> str:
    """Complaints about a part, each with the path of that part in front."""
    return "\n".join(line if COUNTED.fullmatch(line) else f"{where}{line}" for line in complaints.splitlines())


COUNTED = re.compile(r"and [\d,]+ more")
WORDED = "worded"
"""The error type of a message that is a complete sentence with its path."""


def worded(message: str) -> PydanticCustomError:
    """An error to raise inside a validator; `explain` shows its message unchanged."""
    return PydanticCustomError(WORDED, "{message}", {"message": message})


def _says_only_that_something_inside_is_wrong(item: ErrorDetails) -> bool:
    return item["type"] == "too_short" or _of_other_type(item)


def _of_other_type(item: ErrorDetails) -> bool:
    return item["type"].endswith(("_type", "_parsing"))


def _lines(place: Path, items: list[ErrorDetails], cls: type[BaseModel] | None) -> list[str]:
    """The lines for one place, usually one: what is wrong with a value of the right type, else all types that it could have had."""
    if items[0]["type"] == WORDED:
        return [_cut(line) for line in items[0]["msg"].splitlines()]
    items = [item for item in items if item["type"] != "too_short"] or items  # a list counts as too short if one of its items is invalid
    chosen = [item for item in items if not _of_other_type(item)][:1] or items
    message = "; or ".join(dict.fromkeys([_message(chosen[0], cls), *map(_allowed, chosen[1:])]))
    path = ".".join(map(short, place))
    return [_cut(f"{path}: {message}" if path else message)]


def _cut(line: str) -> str:
    safe = without_odd_signs(line)
    return safe if len(safe) <= LONGEST_LINE else f"{safe[:LONGEST_LINE]}..."


def _message(item: ErrorDetails, cls: type[BaseModel] | None) -> str:
    value = shown(item["input"])
    match item["type"]:
        case "value_error":
            said = item["msg"].removeprefix("Value error, ")
            return said if isinstance(item["input"], dict | BaseModel) else f"{value}: {said}"
        case "missing":
            return f"{value}: needs more values" if isinstance(item["loc"][-1], int) else "is missing"
        case _ if item["type"] == FIELD:
            return item["msg"] + (_there_are(cls, item["loc"]) if item["ctx"]["field"] == "kind" else "")
        case "extra_forbidden":
            return f"there is no such setting; its value was {value}{_there_are(cls, item['loc'][:-1])}"
        case "union_tag_invalid":
            return f"there is no kind {shown(item['input']['kind'])}; allowed: {item['ctx']['expected_tags']}"
        case "union_tag_not_found" | "model_attributes_type":
            return f"{value} names no kind{_there_are(cls, item['loc'])}"
        case "model_type":
            return f"{value}: input should be a table of settings{_there_are(cls, item['loc'])}"
        case _:
            return f"{value}: {_allowed(item)}"


def _allowed(item: ErrorDetails) -> str:
    return (item["msg"][0].lower() + item["msg"][1:]).replace("valid tuple", "list").replace("tuple", "list")


def _there_are(cls: type[BaseModel] | None, location: Location) -> str:
    """The allowed names at a place: those of settings, or those of kinds if there are several."""
    members = _classes_at(cls, location)
    names = list(members[0].model_fields) if len(members) == 1 else [member.model_fields["kind"].default for member in members]
    return f"; allowed: {', '.join(name for name in names if name != 'kind')}" if names else ""


def _classes_at(cls: type[BaseModel] | None, location: Location) -> list[type[BaseModel]]:
    """The settings classes that are possible at the location of a pydantic error, which also names the member of a union."""
    found = [cls] if cls else []
    for part in location:
        if len(found) > 1:
            found = [member for member in found if member.model_fields["kind"].default == part]
        else:
            found = [member for owner in found if part in owner.model_fields for member in classes(owner.model_fields[str(part)])]
    return found


def _place(item: ErrorDetails, given: Any) -> Path:
    place = tuple(_public(item["loc"], given, whole=item["type"] == "missing" and isinstance(item["loc"][-1], str)))
    return (*place, item["ctx"]["field"]) if item["type"] == FIELD else place


def _public(location: Location, given: Any, *, whole: bool) -> Iterator[str]:
    """The path as a user writes it. pydantic's location also names the member of a union, which the user did not write."""
    for place, part in enumerate(location):
        try:
            given = given[part]
        except (KeyError, IndexError, TypeError):
            if not (whole and place == len(location) - 1):
                continue
        yield str(part)
