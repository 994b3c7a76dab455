"""Settings as short text, and back.

`0.1`, `true`, `none`, `64-64`, `adam`, `sgd lr=0.1 nesterov=true`, `mlp hidden=64-64 activation=(elu alpha=0.5)`; words with
spaces or signs in them in double quotes, awkward lists as JSON. A variant is a line: `name: optimizer=sgd lr=0.05, model.dropout=0.2`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.choices.base import Choice
from core.settings import RunSettings, SettingsError
from core.ui import fields

SAFE_WORD = re.compile(r"[\w.+/%][^\s,()\[\]{}=\"]*")
SAFE_ITEM = re.compile(r"[\w.]+")
LIST = re.compile(r"[\[,\s]|\d-")
YES_NO = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
EMPTY = ("", "none")
OPENING, CLOSING = "([{", ")]}"


def write(value: Any) -> str:
    """A value as text that `parse` reads back: `core.comparison.label` without the name of a single value."""
    if isinstance(value, Choice):
        value = value.identity()
    if isinstance(value, Mapping):
        return _write_choice(value)
    if isinstance(value, list | tuple):
        return _write_list(value)
    if isinstance(value, str):
        return value if SAFE_WORD.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return _write_single(value)


def write_list(value: list[Any] | tuple[Any, ...]) -> str:
    """A list as a text field shows it: `64, 64`."""
    items = [write(item) for item in value]
    return ", ".join(items) if all(SAFE_WORD.fullmatch(item) for item in items) else json.dumps(list(value), ensure_ascii=False)


def parse(path: str, text: str, base: RunSettings | None = None) -> Any:
    """The value that `text` writes for the setting at a dotted path, kinds as dicts.

    A path that no settings have gives the text itself back: the comparison refuses it, and says what there is.
    Raises SettingsError, which says the path, the text and what is allowed.
    """
    place = fields.find(path, base)
    text = text.strip()
    if place is None or place[1] == "kind":
        return text
    owner, name = place
    return _read(owner, name, text.removeprefix(f"{name}="), path)


def write_variant(name: str, overrides: Mapping[str, Any]) -> str:
    """A named variant as one line, which `parse_variant` reads back."""
    plain = name == name.strip() and ":" not in name and name.isprintable() and not name.startswith('"')
    settings = ", ".join(f"{path}={write(value)}" for path, value in overrides.items())
    return f"{name if plain else json.dumps(name)}: {settings}".strip()


def parse_variant(line: str, base: RunSettings | None = None) -> dict[str, Any]:
    """A line as a variant: its name, and what it sets by dotted path. Raises SettingsError."""
    name, colon, rest = _name_of(line.strip())
    if not colon or not name:
        raise SettingsError(f"{line.strip()!r} is no variant. Write a name, a colon, and what it sets: small steps: optimizer.lr=0.001")
    variant: dict[str, Any] = {"name": name}
    for part in _settings_of(rest):
        path, equals, text = part.partition("=")
        if not equals:
            raise SettingsError(f"{name}: {part!r} sets nothing. Write setting=value, such as optimizer.lr=0.001")
        try:
            variant[path.strip()] = parse(path.strip(), text, base)
        except SettingsError as error:
            raise SettingsError(f"variant {name!r}: {error}") from error
    return variant


def parse_variants(text: str, base: RunSettings | None = None) -> list[dict[str, Any]]:
    """One variant a line; empty lines are skipped. Raises SettingsError."""
    return [parse_variant(line, base) for line in text.splitlines() if line.strip()]


def _write_choice(value: Mapping[str, Any]) -> str:
    parts = [f"{name}={_write_inner(item)}" for name, item in value.items() if name != "kind"]
    return " ".join([value["kind"], *parts] if "kind" in value else parts) or "{}"


def _write_inner(value: Any) -> str:
    if isinstance(value, Mapping) and "kind" not in value:
        return json.dumps(value, ensure_ascii=False)
    text = write(value)
    return f"({text})" if isinstance(value, Choice | Mapping) and " " in text else text


def _write_list(value: list[Any] | tuple[Any, ...]) -> str:
    items = [write(item) for item in value]
    if items and all(SAFE_ITEM.fullmatch(item) for item in items):
        return "-".join(items)
    return json.dumps(list(value), ensure_ascii=False)


def _write_single(value: Any) -> str:
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return "none" if value is None else str(value).lower()


def _read(owner: type[Choice], name: str, text: str, path: str) -> Any:
    if members := fields.kinds(owner, name):
        return _read_kind(members, text, path)
    if single := fields.group(owner, name):
        return _read_fields(single, _split(text, " ") if text != "{}" else [], path)
    return read_leaf(owner, name, text, path)


def _read_kind(members: dict[str, type[Choice]], text: str, path: str) -> dict[str, Any]:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    kind, *parts = _split(text, " ") or [""]
    if kind not in members:
        raise SettingsError(f"{path}: there is no kind {kind!r}; allowed: {', '.join(members)}")
    return {"kind": kind, **_read_fields(members[kind], parts, path)}


def _read_fields(cls: type[Choice], parts: list[str], path: str) -> dict[str, Any]:
    allowed = [name for name, _ in fields.leaves(cls)]
    values: dict[str, Any] = {}
    for part in parts:
        name, equals, text = part.partition("=")
        if not equals or name not in allowed:
            has = f"allowed: {', '.join(f'{name}=' for name in allowed)}" if allowed else "it has no settings"
            raise SettingsError(f"{path}: {part!r} is no setting of it; {has}")
        values[name] = _read(cls, name, text, f"{path}.{name}")
    return values


def read_leaf(owner: type[Choice], name: str, text: str, path: str) -> Any:
    """The value of a single setting from its text. Raises SettingsError."""
    shape, text = fields.shape(owner, name), text.strip()
    if text in shape.words:
        return text
    if shape.optional and text in EMPTY:
        return None
    try:
        value = _READERS["tuple" if shape.or_list and LIST.search(text) else shape.holds](owner, name, text)
    except ValueError as error:
        words = ", ".join([*shape.words, *(["none"] if shape.optional else [])])
        allowed = f"; allowed{'' if shape.holds == 'words' else ' too'}: {words}" if words else ""
        raise SettingsError(f"{path}: {error}{allowed}") from error
    if complaint := fields.complaint(owner, name, value):
        raise SettingsError(f"{path}: {text or 'empty'}: {complaint}")
    return value


def _boolean(_owner: type[Choice], _name: str, text: str) -> bool:
    if text.lower() not in YES_NO:
        raise ValueError(f"{text!r} is neither true nor false")
    return YES_NO[text.lower()]


def _words(_owner: type[Choice], _name: str, text: str) -> str:
    raise ValueError(f"{text!r} is not allowed")


def _whole(_owner: type[Choice], _name: str, text: str) -> int:
    number = as_number(text)
    if not number.is_integer():
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def as_number(text: str) -> float:
    """The number that a text is, NaN for one that is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _number(_owner: type[Choice], _name: str, text: str) -> float:
    number = as_number(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number; write it like 0.001 or 1e-3")
    return number


def _tuple(owner: type[Choice], name: str, text: str) -> tuple[Any, ...]:
    of_words = fields.item_type(owner, name) is str
    if text.startswith("["):
        items = _json(text, list)
        return tuple(items) if of_words else tuple(_item(owner, name, str(item)) for item in items)
    between = r"(?<=\S)-(?=\S)" if of_words else r"(?<![eE])-"  # a word may begin with the sign: -200 is a mark of a missing value
    separator = r"\s*,\s*" if "," in text else between if of_words or not re.search(r"\s", text) else r"\s+"
    items = [item for item in re.split(separator, text) if item]
    return tuple(items) if of_words else tuple(_item(owner, name, item) for item in items)


def _item(owner: type[Choice], name: str, text: str) -> int | float:
    return _whole(owner, name, text) if fields.item_type(owner, name) is int else _number(owner, name, text)


def _mapping(_owner: type[Choice], _name: str, text: str) -> dict[str, Any]:
    """`momentum=0.9 nesterov=true`, or JSON."""
    if text.startswith("{") or not text:
        return dict(_json(text or "{}", dict))
    parts = [part.partition("=") for part in _split(text, " ")]
    if not all(equals for _, equals, _ in parts):
        raise ValueError(f"{text!r}: write it like momentum=0.9 nesterov=true")
    return {name: _anything(value) for name, _, value in parts}


def _anything(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _json(text: str, kind: type) -> Any:
    value = _anything(text)
    if not isinstance(value, kind):
        raise ValueError(f"{text!r} is no JSON {'list' if kind is list else 'object'}")
    return value


def _text(_owner: type[Choice], _name: str, text: str) -> str:
    return str(_anything(text)) if text.startswith('"') else text


_READERS: dict[fields.Holds, Callable[[type[Choice], str, str], Any]] = {
    "boolean": _boolean,
    "words": _words,
    "whole": _whole,
    "number": _number,
    "tuple": _tuple,
    "mapping": _mapping,
    "text": _text,
}


def _name_of(line: str) -> tuple[str, str, str]:
    """Name, colon, rest; the name may be in quotes."""
    if line.startswith('"'):
        try:
            name, end = json.JSONDecoder().raw_decode(line)
        except json.JSONDecodeError:
            return "", "", line
        return name, line[end : end + 1].replace(" ", ""), line[end + 1 :]
    name, colon, rest = line.partition(":")
    return name.strip(), colon, rest


def _settings_of(text: str) -> Iterator[str]:
    """`path=value` parts; a part without a path belongs to the list that the part before it began (`model.hidden=64, 64`)."""
    whole = ""
    for part in _split(text, ","):
        if "=" in part and whole:
            yield whole
            whole = part
        else:
            whole = f"{whole}, {part}" if whole else part
    if whole:
        yield whole


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside of quotes and brackets, trimmed, without empty ones."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, sign in enumerate(text):
        if sign == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (sign in OPENING) - (sign in CLOSING)
            if sign == separator and depth == 0:
                parts.append(text[start:place])
                start = place + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]
