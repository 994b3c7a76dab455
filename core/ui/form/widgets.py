"""One widget for each setting, chosen by its value type. All widgets are bound to the URL under their key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from core.choices import schema
from core.choices.base import Choice
from core.choices.words.writing import write
from core.ui.form import fields, suggestions, values
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped

SEGMENTS_LENGTH = 20  # total characters of all options that fit side by side in the sidebar
STEPS = ((1, 0.05), (10, 0.1), (100, 1.0))  # step width of a number, by its upper bound
LONGEST_HEAD = 20  # characters of a name before a docstring's colon


@dataclass(frozen=True)
class Spot:
    """The place of a setting: its field, its dotted path, its widget's key, the beginning of its label, or its whole label."""

    owner: type[Choice]
    name: str
    path: str
    key: str
    prefix: str = ""
    label: str = ""

    @property
    def common(self) -> dict[str, Any]:
        """The arguments that all widgets share."""
        info = self.owner.model_fields[self.name]
        title = fields.title(self.owner, self.name)
        label = f"{self.prefix} {title[0].lower()}{title[1:]}" if self.prefix else self.label or title
        return {"label": label, "key": self.key, "help": escaped(info.description or "") or None, "bind": "query-params"}


def leaf(container: DeltaGenerator, spot: Spot, begin: Any) -> Any:
    """Draws the widget of a setting in `container`, initially with `begin`, and returns its value. Raises SettingsError if it is
    invalid.
    """
    shape = fields.shape(spot.owner, spot.name)
    draw = _from_list if suggestions.listed(spot.owner, spot.name) else _WIDGETS[shape.holds]
    held_now = draw(container, spot, begin)
    # Widgets enforce only inclusive bounds, and lists take any text, so invalid values are refused here.
    text = held_now if isinstance(held_now, str) and shape.holds != "text" else write(held_now)
    return values.read_leaf(spot.owner, spot.name, text, spot.path)


def held(owner: type[Choice], name: str, value: Any) -> Any:
    """The widget's value for a given value of the setting."""
    holds = fields.shape(owner, name).holds
    if isinstance(value, bool | str) or (holds == "integer" and not suggestions.listed(owner, name)):
        return value
    if holds == "number" and not suggestions.listed(owner, name):
        return float(value)
    return values.write_list(value) if isinstance(value, tuple) else write(value)


def kind(container: DeltaGenerator, spot: Spot, start: str) -> str:
    """Draws the list of a choice's kinds in `container`, and returns the chosen kind."""
    members = fields.kinds(spot.owner, spot.name)
    words = [f"- `{word}`: {escaped(_without_name(member))}" for word, member in members.items()]
    described = "\n".join([*filter(None, [spot.common["help"], ""]), *words])
    chosen = container.selectbox(
        options=list(members), index=list(members).index(start), filter_mode="contains", **spot.common | {"help": described}
    )
    return str(chosen)


def _without_name(member: type[Choice]) -> str:
    summary = fields.summary(member)
    head, colon, rest = summary.partition(": ")
    return rest if colon and len(head) <= LONGEST_HEAD else summary


def _boolean(container: DeltaGenerator, spot: Spot, begin: bool) -> bool:
    return bool(container.toggle(value=begin, **spot.common))


def _words(container: DeltaGenerator, spot: Spot, begin: str) -> str:
    shape = fields.shape(spot.owner, spot.name)
    words = [*(["none"] if shape.optional else []), *shape.words]
    if sum(map(len, words)) <= SEGMENTS_LENGTH:
        common = spot.common
        return segmented_control(common["label"], words, begin, place=container, key=spot.key, help=common["help"])
    return str(container.selectbox(options=words, index=words.index(begin), **spot.common))


def _integer(container: DeltaGenerator, spot: Spot, begin: int) -> float:
    """A widget for decimals; a number that is not whole is refused when it is read.

    Streamlit's widget for whole numbers fails if the URL holds infinity, and rounds what is typed.
    """
    low, high = schema.bounds(spot.owner, spot.name)
    return float(container.number_input(value=float(begin), min_value=low, max_value=high, step=1.0, format="%.10g", **spot.common))


def _number(container: DeltaGenerator, spot: Spot, begin: float) -> float:
    low, high = schema.bounds(spot.owner, spot.name)
    step = next((step for limit, step in STEPS if high is not None and high <= limit), 1.0)
    return float(container.number_input(value=begin, min_value=low, max_value=high, step=step, format="%g", **spot.common))


def _from_list(container: DeltaGenerator, spot: Spot, begin: str) -> str:
    """A list that also takes any other typed value, as text: `3e-4`."""
    start = values.read_leaf(spot.owner, spot.name, begin, spot.path)
    texts = list(dict.fromkeys([*map(write, suggestions.values(spot.owner, spot.name, start)), begin]))
    options: dict[str, Any] = {"accept_new_options": True, "filter_mode": "prefix", **spot.common}
    return container.selectbox(options=texts, index=texts.index(begin), **options) or begin


def _text(container: DeltaGenerator, spot: Spot, begin: str) -> str:
    return container.text_input(value=begin, **spot.common) or ""


_WIDGETS: dict[fields.Holds, Callable[[DeltaGenerator, Spot, Any], Any]] = {
    "boolean": _boolean,
    "words": _words,
    "integer": _integer,
    "number": _number,
    "tuple": _text,
    "mapping": _text,
    "text": _text,
}
