"""Settings as short text: the one writer of what variants are called, of what the form's fields hold, and of what links say.

`0.1`, `true`, `none`, `64-64`, `adam`, `sgd lr=0.1 nesterov=true`, `mlp hidden=64-64 activation=(elu alpha=0.5)`; words with
spaces or signs in them in double quotes, awkward lists and tables as JSON. `core.ui.form.values.parse` reads it back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.choices.base import Choice
from core.choices.words.texts import ODD, shown

SAFE_WORD = re.compile(r"[\w.+/%][^\s,()\[\]{}=\"]*")
SAFE_ITEM = re.compile(r"[\w.]+")
MOST_DIGITS = 400


def write(value: Any) -> str:
    """A value as text. Two values have the same text where they are the same setting, and only there."""
    if isinstance(value, Choice):
        value = value.identity()
    if isinstance(value, Mapping):
        return _write_choice(value) if value else write(None)  # TOML has no null: an empty table stands for it
    if isinstance(value, list | tuple):
        return _write_list(value)
    if isinstance(value, str):
        return value if SAFE_WORD.fullmatch(value) and not ODD.search(value) else as_json(value)
    return _write_single(value)


def as_json(value: Any) -> str:
    """A value as JSON on one line, with escapes for what changes how a line is read. What JSON does not have is shown as Python does."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return ODD.sub("?", shown(value))
    return ODD.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _write_choice(value: Mapping[Any, Any]) -> str:
    if not all(isinstance(name, str) for name in (*value, value.get("kind", ""))):
        return as_json(dict(value))
    parts = [f"{_word(name)}={_write_inner(item)}" for name, item in value.items() if name != "kind"]
    return " ".join([_word(value["kind"]), *parts] if "kind" in value else parts)


def _word(name: str) -> str:
    return name if SAFE_WORD.fullmatch(name) and not ODD.search(name) else as_json(name)


def _write_inner(value: Any) -> str:
    if isinstance(value, Mapping) and value and "kind" not in value:
        return as_json(dict(value))
    text = write(value)
    return f"({text})" if isinstance(value, Choice | Mapping) and " " in text else text


def _write_list(value: list[Any] | tuple[Any, ...]) -> str:
    items = [write(item) for item in value]
    simple = items and all(SAFE_ITEM.fullmatch(item) for item in items)
    return "-".join(items) if simple else as_json(list(value))


def _write_single(value: Any) -> str:
    if isinstance(value, float):
        short = f"{value:g}" if value else "0"
        return short if float(short) == value else repr(value)  # two values never have one text
    if isinstance(value, int) and value.bit_length() > 3 * MOST_DIGITS:
        return as_json(shown(value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool | int) else as_json(value)
