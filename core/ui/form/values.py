"""Reads the short texts of settings that `core.choices.words.writing` writes, and variants as lines.

A variant is one line: `name: optimizer=sgd lr=0.05, model.dropout=0.2`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.choices.base import Choice
from core.choices.words.refusals import SettingsError, read_json
from core.choices.words.texts import short, shown
from core.choices.words.writing import SAFE_WORD, as_json, write
from core.settings import RunSettings
from core.ui.form import fields

LIST = re.compile(r"[\[,\s]|\d-")
WHOLE = re.compile(r"[+-]?\d{1,400}")
YES_NO = dict.fromkeys(("true", "yes", "on", "1", "t", "y"), True) | dict.fromkeys(("false", "no", "off", "0", "f", "n"), False)
"""Texts for true and false, including those of Python and TOML."""
EMPTY = ("", "none")
OPENING, CLOSING = "([{", ")]}"
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|.', re.DOTALL)
"""The tokens of a text: a part in double quotes, or a single character. In quotes a backslash escapes the next character."""


def write_list(value: list[Any] | tuple[Any, ...]) -> str:
    """A list as a text field shows it: `64, 64`."""
    items = [write(item) for item in value]
    return ", ".join(items) if items and all(SAFE_WORD.fullmatch(item) for item in items) else as_json(list(value))


def parse(path: str, text: str, base: RunSettings | None = None) -> Any:
    """The value that `text` gives to the setting at a dotted path, with kinds as dicts.

    For an unknown path the text itself is returned: the comparison then refuses the path and lists the known settings.

    Raises SettingsError with the path, the text and what is allowed.
    """
    place = fields.find(path, base)
    text = text.strip()
    if place is None or place[1] == "kind":
        return text
    owner, name = place
    return _read(owner, name, text.removeprefix(f"{name}=").removeprefix(f"{name} "), path)


def write_variant(name: str, overrides: Mapping[str, Any]) -> str:
    """A named variant as one line, which `parse_variant` reads back."""
    plain = name == name.strip() and ":" not in name and name.isprintable() and not name.startswith('"')
    settings = ", ".join(f"{path}={write(value)}" for path, value in overrides.items())
    return f"{name if plain else as_json(name)}: {settings}".strip()


def parse_variant(line: str, base: RunSettings | None = None) -> dict[str, Any]:
    """A line as a variant: its name, and the values that it sets by dotted path. Raises SettingsError."""
    name, colon, rest = _name_of(line.strip())
    if not colon or not name:
        raise SettingsError(
            f"{shown(line.strip())} is not a variant. Write a name, a colon, and the settings, as in: small steps: optimizer.lr=0.001"
        )
    variant: dict[str, Any] = {"name": name}
    for part in _settings_of(rest):
        path, equals, text = part.partition("=")
        if not equals:
            raise SettingsError(f"{short(name)}: {shown(part)} sets nothing. Write setting=value, such as optimizer.lr=0.001")
        try:
            variant[path.strip()] = parse(path.strip(), text, base)
        except SettingsError as error:
            raise SettingsError(f"variant {shown(name)}: {error}") from error
    return variant


def parse_variants(text: str, base: RunSettings | None = None) -> list[dict[str, Any]]:
    """One variant for each line; empty lines are skipped. Raises SettingsError."""
    return [parse_variant(line, base) for line in text.splitlines() if line.strip()]


def _read(owner: type[Choice], name: str, text: str, path: str) -> Any:
    if members := fields.kinds(owner, name):
        return _read_kind(members, text, path)
    if single := fields.group(owner, name):
        if text.startswith("{") and text != "{}":
            return _read_table(text, path)
        return _read_fields(single, [] if text in ("{}", *EMPTY) else _split(text, " "), path)
    return read_leaf(owner, name, text, path)


def _read_table(text: str, path: str) -> dict[str, Any]:
    try:
        return dict(_json(text, dict))
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error


def _read_kind(members: dict[str, type[Choice]], text: str, path: str) -> dict[str, Any]:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    kind, *parts = _split(text, " ") or [""]
    if kind not in members:
        raise SettingsError(f"{path}: there is no kind {shown(kind)}; allowed: {', '.join(members)}")
    return {"kind": kind, **_read_fields(members[kind], parts, path)}


def _read_fields(cls: type[Choice], parts: list[str], path: str) -> dict[str, Any]:
    allowed = [name for name, _ in fields.leaves(cls)]
    values: dict[str, Any] = {}
    for part in parts:
        name, equals, text = part.partition("=")
        if not equals or name not in allowed:
            has = f"allowed: {', '.join(f'{name}=' for name in allowed)}" if allowed else "it has no settings"
            raise SettingsError(f"{path}: {shown(part)} is not one of its settings; {has}")
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
        raise SettingsError(f"{path}: {short(text) or 'empty'}: {complaint}")
    return value


def _boolean(_owner: type[Choice], _name: str, text: str) -> bool:
    if text.lower() not in YES_NO:
        raise ValueError(f"{shown(text)} is neither true nor false")
    return YES_NO[text.lower()]


def _words(_owner: type[Choice], _name: str, text: str) -> str:
    raise ValueError(f"{shown(text)} is not allowed")


def _integer(_owner: type[Choice], _name: str, text: str) -> int:
    if WHOLE.fullmatch(text):
        return int(text)
    number = as_number(text)
    if not number.is_integer():
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(number)


def as_number(text: str) -> float:
    """The number that a text stands for; NaN if it is not a number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _number(_owner: type[Choice], _name: str, text: str) -> float:
    number = as_number(text)
    if not math.isfinite(number):
        raise ValueError(f"{shown(text)} is not a number; write it like 0.001 or 1e-3")
    return number


def _tuple(owner: type[Choice], name: str, text: str) -> tuple[Any, ...]:
    of_words = fields.item_type(owner, name) is str
    if text.startswith("["):
        items = _json(text, list)
        return tuple(items) if of_words else tuple(_item(owner, name, str(item)) for item in items)
    if "," in text:
        separator = r"\s*,\s*"
    elif of_words:
        separator = r"(?<=\S)-(?=\S)"  # a word may begin with a minus sign: -200 can be a mark of a missing value
    else:
        separator = r"\s+" if re.search(r"\s", text) else r"(?<![eE])-"
    items = [item for item in re.split(separator, text) if item]
    return tuple(items) if of_words else tuple(_item(owner, name, item) for item in items)


def _item(owner: type[Choice], name: str, text: str) -> int | float:
    return _integer(owner, name, text) if fields.item_type(owner, name) is int else _number(owner, name, text)


def _mapping(_owner: type[Choice], _name: str, text: str) -> dict[str, Any]:
    """Reads `momentum=0.9 nesterov=true`, or JSON."""
    if text in EMPTY:
        return {}
    if text.startswith("{"):
        return dict(_json(text, dict))
    parts = [part.partition("=") for part in _split(text, " ")]
    if not all(equals for _, equals, _ in parts):
        raise ValueError(f"{shown(text)}: write it like momentum=0.9 nesterov=true")
    return {name: None if value == write(None) else _anything(value) for name, _, value in parts}


def _anything(text: str) -> Any:
    try:
        return read_json(text)
    except SettingsError:
        return text


def _json(text: str, kind: type) -> Any:
    value = _anything(text)
    if not isinstance(value, kind):
        raise ValueError(f"{shown(text)} is not a JSON {'list' if kind is list else 'object'}")
    return value


def _text(_owner: type[Choice], _name: str, text: str) -> str:
    return str(_anything(text)) if text.startswith('"') else text


_READERS: dict[fields.Holds, Callable[[type[Choice], str, str], Any]] = {
    "boolean": _boolean,
    "words": _words,
    "integer": _integer,
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
    """`path=value` parts; a part without a path belongs to the list in the part before (`model.hidden=64, 64`)."""
    setting = ""
    for part in _split(text, ","):
        if "=" in part and setting:
            yield setting
            setting = part
        else:
            setting = f"{setting}, {part}" if setting else part
    if setting:
        yield setting


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators outside of quotes and brackets, trimmed, without empty parts."""
    parts, depth, start = [], 0, 0
    for found in TOKENS.finditer(text):
        sign = found[0]
        depth += (sign in OPENING) - (sign in CLOSING)
        if sign == separator and depth == 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]
