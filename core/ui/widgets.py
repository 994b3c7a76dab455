"""One widget for one setting, by what the field holds. All are bound to the URL under their key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from core.choices.base import Choice
from core.ui import fields, suggestions, values

SEGMENTS_LENGTH = 20  # letters of all options together that fit beside each other in the sidebar
LONGEST_HEAD = 20  # letters of a name before a docstring's colon


@dataclass(frozen=True)
class Spot:
    """Where a setting stands: its field, its dotted path, its widget's key, what its label begins with, or its whole label."""

    owner: type[Choice]
    name: str
    path: str
    key: str
    prefix: str = ""
    label: str = ""

    @property
    def common(self) -> dict[str, Any]:
        """What all widgets share."""
        info = self.owner.model_fields[self.name]
        title = fields.title(self.name, info)
        label = f"{self.prefix} {title[0].lower()}{title[1:]}" if self.prefix else self.label or title
        return {"label": label, "key": self.key, "help": fields.plain(info.description or "") or None, "bind": "query-params"}


def leaf(place: DeltaGenerator, spot: Spot, start: Any) -> Any:
    """Draw a single setting's widget in `place`, `start` being its default, and return the value. Raises SettingsError for one that is refused."""
    return _WIDGETS[fields.shape(spot.owner, spot.name)](place, spot, start)


def kind(place: DeltaGenerator, spot: Spot, start: str) -> str:
    """Draw the list of a choice's kinds in `place`, and return the chosen one."""
    members = fields.kinds(spot.owner, spot.name)
    words = [f"- `{word}`: {fields.plain(_without_name(member))}" for word, member in members.items()]
    described = "\n".join([*filter(None, [spot.common["help"], ""]), *words])
    chosen = place.selectbox(options=list(members), index=list(members).index(start), filter_mode="contains", **spot.common | {"help": described})
    return str(chosen)


def _without_name(member: type[Choice]) -> str:
    summary = fields.summary(member)
    head, colon, rest = summary.partition(": ")
    return rest if colon and len(head) <= LONGEST_HEAD else summary


def _boolean(place: DeltaGenerator, spot: Spot, start: bool) -> bool:
    return place.toggle(value=start, **spot.common)  # type: ignore[no-any-return]


def _options(place: DeltaGenerator, spot: Spot, start: str) -> str:
    words = list(fields.options(spot.owner, spot.name))
    if sum(map(len, words)) <= SEGMENTS_LENGTH:
        return str(place.segmented_control(options=words, default=start, required=True, **spot.common))
    return str(place.selectbox(options=words, index=words.index(start), **spot.common))


def _whole(place: DeltaGenerator, spot: Spot, start: int | None) -> int | None:
    low, high = (None if bound is None else int(bound) for bound in fields.bounds(spot.owner, spot.name))
    value = place.number_input(value=start, min_value=low, max_value=high, step=1, **spot.common)
    return _checked(spot, None if value is None else int(value))


def _number(place: DeltaGenerator, spot: Spot, start: float) -> float:
    if suggestions.scaled(spot.owner, spot.name):
        return _from_list(place, spot, start, suggestions.grid(spot.owner, spot.name, start))
    low, high = fields.bounds(spot.owner, spot.name)
    step = 0.05 if high is not None and high <= 1 else 0.1 if high is not None and high <= 10 else 1.0
    value = place.number_input(value=float(start), min_value=low, max_value=high, step=step, format="%g", **spot.common)
    return _checked(spot, value)


def _open(place: DeltaGenerator, spot: Spot, start: int | str) -> Any:
    return _from_list(place, spot, start, suggestions.open_values(spot.owner, spot.name, start))


def _from_list(place: DeltaGenerator, spot: Spot, start: Any, offered: list[Any]) -> Any:
    """A list to pick from, which takes any other value that is typed, as text: `3e-4`."""
    texts = [values.write(value) for value in offered]
    shown = values.write(start)
    text = place.selectbox(options=texts, index=texts.index(shown), accept_new_options=True, filter_mode="prefix", **spot.common)
    return values.read_leaf(spot.owner, spot.name, text or shown, spot.path)


def _tuple(place: DeltaGenerator, spot: Spot, start: tuple[Any, ...]) -> Any:
    text = place.text_input(value=values.write_list(start), **spot.common)
    return values.read_leaf(spot.owner, spot.name, text or "", spot.path)


def _text(place: DeltaGenerator, spot: Spot, start: str) -> str:
    return _checked(spot, place.text_input(value=start, **spot.common) or "")


def _checked(spot: Spot, value: Any) -> Any:
    """A widget keeps to bounds that are themselves allowed, so those that are not are caught here."""
    return values.read_leaf(spot.owner, spot.name, values.write(value), spot.path)


_WIDGETS: dict[fields.Shape, Callable[[DeltaGenerator, Spot, Any], Any]] = {
    "boolean": _boolean,
    "options": _options,
    "whole": _whole,
    "number": _number,
    "optional": _whole,
    "open": _open,
    "tuple": _tuple,
    "text": _text,
}
