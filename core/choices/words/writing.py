"""Settings as short text. This is the only writer of variant names, of the form's text fields, and of settings in links.

`0.1`, `true`, `none`, `64-64`, `adam`, `sgd lr=0.1 nesterov=true`, `mlp hidden=64-64 activation=(elu alpha=0.5)`; words with
spaces or other special characters are in double quotes, and complex lists and tables are JSON. `core.ui.form.values.parse` reads it back.
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
    """A value as text. Two values have the same text if and only if they are the same setting."""
    if isinstance(value, Choice):
        value = value.identity()
    if isinstance(value, Mapping):
        return _write_choice(value) if value else write(None)  # TOML has no null: an empty table stands for it
    if isinstance(value, list | tuple):
        return _write_list(value)
    if isinstance(value, str):
        return value if SAFE_WORD.fullmatch(value) and not ODD.search(value) else as_json(value)
    return _write_single(value)


def as_toml(value: Any) -> Any:
    """A value for TOML: a choice as a table of its kind and its non-default fields, and numbers of NumPy or torch as Python's."""
    if isinstance(value, Choice):
        fields = type(value).model_fields
        held = {name: getattr(value, name) for name in fields}
        return {name: as_toml(item) for name, item in held.items() if name == "kind" or item != fields[name].default}
    if isinstance(value, dict):
        return {name: as_toml(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_toml(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def label(path: str, value: Any) -> str:
    """A variant's name for one varied value: `adam`, `sgd momentum=0.9`, `dropout=0.2`."""
    value, last = as_toml(value), path.rpartition(".")[2]
    if value is None or value == {}:
        return f"{last}=none"
    if isinstance(value, dict) and "kind" not in value:
        return f"{last}={as_json(value)}" if "." in path else f"{path} {write(value)}"
    return write(value) if isinstance(value, dict | str) else f"{last}={write(value)}"


def unnamed(name: str, path: str, value: Any) -> str:
    """A name without the part that `label` writes for one setting: `adam` for `adam, lr=0.1` and for `adam lr=0.1`."""
    written, parts = label(path, value), name.split(", ")
    if written in parts:
        parts.remove(written)
        return ", ".join(parts)
    return ", ".join(" ".join(word for word in part.split(" ") if word != written) for part in parts)


def as_json(value: Any) -> str:
    """A value as JSON on one line, with escapes for odd characters. Values that JSON does not have are shown in Python's notation."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return ODD.sub("?", shown(value))
    return ODD.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _write_choice(value: Mapping[Any, Any]) -> str:
    if not all(isinstance(name, str) for name in (*value, value.get("kind", ""))):
        return as_json(dict(value))
    if "kind" not in value and not all(_plainly_read(name, item) for name, item in value.items()):
        return as_json(dict(value))
    parts = [f"{_word(name)}={_write_inner(item)}" for name, item in value.items() if name != "kind"]
    return " ".join([_word(value["kind"]), *parts] if "kind" in value else parts)


def _plainly_read(name: str, item: Any) -> bool:
    """Whether `name=item` is read back unchanged without knowing the field's type: `momentum=0.9` is, `a="1"` is not."""
    if not SAFE_WORD.fullmatch(name) or ODD.search(name):
        return False
    if item is None or item == {} or isinstance(item, int | float):
        return True
    return isinstance(item, str) and write(item) == item != write(None) and not _is_json(item)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


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
        return short if float(short) == value else repr(value)  # two different values never have the same text
    if isinstance(value, int) and value.bit_length() > 3 * MOST_DIGITS:
        return as_json(shown(value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool | int) else as_json(value)
