"""One widget for one setting, by what the field holds. All are bound to the URL under their key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from core.choices.base import Choice
from core.ui import fields, suggestions, values

SEGMENTS_LENGTH = 20  # letters of all options together that fit beside each other in the sidebar


def leaf(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    """Draw a leaf's widget in `place`, `start` being its default, and return the value. Raises SettingsError for text that is none."""
    return _WIDGETS[fields.shape(owner, name)](place, key, owner, name, start)


def kind(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: str) -> str:
    """Draw the list of a choice's kinds in `place`, and return the chosen one."""
    members = fields.kinds(owner, name)
    info = owner.model_fields[name]
    heading = f"**{info.description}**\n\n" if info.description else ""
    lines = [f"- `{word}`: {fields.plain(_without_name(member))}" for word, member in members.items()]
    chosen = place.selectbox(
        fields.human(name), list(members), list(members).index(start), key=key, help=heading + "\n".join(lines), bind="query-params", filter_mode="contains"
    )
    return chosen or start


def _without_name(member: type[Choice]) -> str:
    head, colon, rest = fields.summary(member).partition(": ")
    return rest if colon and len(head) < 20 else fields.summary(member)


def _help(owner: type[Choice], name: str) -> str | None:
    description = owner.model_fields[name].description
    return fields.plain(description) if description else None


def _common(owner: type[Choice], name: str, key: str) -> dict[str, Any]:
    return {"label": fields.title(name, owner.model_fields[name]), "key": key, "help": _help(owner, name), "bind": "query-params"}


def _boolean(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    return place.toggle(value=start, **_common(owner, name, key))


def _options(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    words = list(fields.options(owner, name))
    if sum(map(len, words)) <= SEGMENTS_LENGTH:
        return place.segmented_control(options=words, default=start, required=True, **_common(owner, name, key))
    return place.selectbox(options=words, index=words.index(start), **_common(owner, name, key))


def _whole(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    low, high = (None if bound is None else int(bound) for bound in fields.bounds(owner, name))
    value = place.number_input(value=start, min_value=low, max_value=high, step=1, **_common(owner, name, key))
    return _checked(owner, name, key, value)


def _number(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    if suggestions.scaled(owner, name):
        return _from_list(place, key, owner, name, start, suggestions.grid(owner, name, start))
    low, high = fields.bounds(owner, name)
    step = 0.05 if high is not None and high <= 1 else 0.1 if high is not None and high <= 10 else 1.0
    value = place.number_input(value=float(start), min_value=low, max_value=high, step=step, format="%g", **_common(owner, name, key))
    return _checked(owner, name, key, value)


def _open(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    return _from_list(place, key, owner, name, start, suggestions.open_values(owner, name, start))


def _from_list(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any, offered: list[Any]) -> Any:
    """A list to pick from, which takes any other value that is typed, as text: `3e-4`."""
    texts = [values.write(value) for value in offered]
    text = place.selectbox(
        options=texts, index=texts.index(values.write(start)), accept_new_options=True, filter_mode="prefix", **_common(owner, name, key)
    )
    return values.read_leaf(owner, name, text or values.write(start), _path(key))


def _tuple(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    text = place.text_input(value=values.write_list(start), **_common(owner, name, key))
    return values.read_leaf(owner, name, text or "", _path(key))


def _text(place: DeltaGenerator, key: str, owner: type[Choice], name: str, start: Any) -> Any:
    return _checked(owner, name, key, place.text_input(value=start, **_common(owner, name, key)) or "")


def _checked(owner: type[Choice], name: str, key: str, value: Any) -> Any:
    return values.read_leaf(owner, name, values.write(value), _path(key)) if value is not None else value


def _path(key: str) -> str:
    return key.partition(".")[2]


_WIDGETS: dict[fields.Shape, Callable[[DeltaGenerator, str, type[Choice], str, Any], Any]] = {
    "boolean": _boolean,
    "options": _options,
    "whole": _whole,
    "number": _number,
    "optional": _whole,
    "open": _open,
    "tuple": _tuple,
    "text": _text,
}
