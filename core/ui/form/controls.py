"""The controls of a lab's page: declared once, drawn as widgets in the sidebar whose values are in the URL, and links that change some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.ui.form.links import Query
from core.ui.form.picking import segmented_control, select_slider
from core.ui.markdown import escaped

MOST_CHIPS = 4
FEW = 3
"""Largest number of options beside each other; more options are on a slider."""

Values = Mapping[str, Any]
"""The values of a page's controls, by name."""


@dataclass(frozen=True)
class Control:
    """A widget: its name in the URL, its label, its options, and its help.

    options: texts, one of which is chosen; `several`: any number of them. `beside`: they are beside each other, whatever their number.
    low, high, step: of a number on a slider, if there are no options.
    fitted: returns the widget for the values of the widgets above it; None: it is not drawn and keeps its start value.
    """

    name: str
    label: str
    options: tuple[str, ...] = ()
    help: str = ""
    several: bool = False
    beside: bool = False
    low: float = 0
    high: float = 0
    step: float = 1
    fitted: Callable[[Control, Values], Control | None] | None = None


@dataclass(frozen=True)
class Chip:
    """A change of some controls: its title, what to look for, and the new values. Without values: back to the start values.

    For a control with several options, the new ones are added to the chosen ones.
    """

    change: str
    look: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Controls:
    """The controls of a page, or of a part of it.

    page: the beginning of their keys. path: the page's file, for links. start: the start value of each.
    opens: further values in the URL of a link to this part. about: a text below the controls about what cannot be changed.
    """

    page: str
    path: str
    declared: tuple[Control, ...]
    start: Values
    chips: tuple[Chip, ...] = ()
    opens: Mapping[str, str] = field(default_factory=dict)
    about: str = ""

    def draw(self) -> dict[str, Any]:
        """Draws them into the sidebar, and returns what they hold."""
        held: dict[str, Any] = {}
        with st.sidebar:
            for control in self.declared:
                shown = control.fitted(control, held) if control.fitted else control
                start = self.start[control.name]
                held[control.name] = start if shown is None else _widget(shown, f"{self.page}.{shown.name}", start)
            if self.about:
                st.caption(escaped(self.about))
        return held

    def offered(self, held: Values) -> list[Chip]:
        """Changes that are none yet, four at most."""
        return [chip for chip in self.chips if self.changed(held, chip) != dict(held)][:MOST_CHIPS]

    def changed(self, held: Values, chip: Chip) -> dict[str, Any]:
        """What the controls hold after a change."""
        if not chip.values:
            return dict(self.start)
        added = {
            control.name: tuple(option for option in control.options if option in (*held[control.name], *chip.values[control.name]))
            for control in self.declared
            if control.several and control.name in chip.values
        }
        return {**held, **chip.values, **added}

    def query(self, held: Values) -> Query:
        """The address of the page with these values: those that are not as it begins."""
        given: Query = {f"{self.page}.open": "1", **self.opens}
        for name, value in held.items():
            if value != self.start[name]:
                given[f"{self.page}.{name}"] = list(value) if isinstance(value, tuple) else str(value)
        return given


def _widget(control: Control, key: str, start: Any) -> Any:
    help_ = control.help or None
    if control.several:
        return _several(control, key, start)
    if control.options:
        draw = segmented_control if control.beside or len(control.options) <= FEW else select_slider
        return draw(control.label, control.options, start, key=key, help=help_)
    number = type(start)
    low, high, step = number(control.low), number(control.high), number(control.step)
    _keep_inside(key, low, high)
    return number(st.slider(control.label, low, high, min(max(start, low), high), step, key=key, bind="query-params", help=help_))


def _keep_inside(key: str, low: float, high: float) -> None:
    """Moves what a slider holds to the nearer end where its range has become smaller: Streamlit leaves it outside."""
    held = st.session_state.get(key)
    if held is not None and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)


def _several(control: Control, key: str, start: Sequence[str]) -> tuple[str, ...]:
    """In the order in which they are offered."""
    more: dict[str, Any] = {"selection_mode": "multi", "default": list(start), "help": control.help or None, "bind": "query-params"}
    chosen = st.pills(control.label, list(control.options), key=key, **more)
    return tuple(option for option in control.options if option in chosen)


def up_to(control: Control, high: float) -> Control:
    """The control with another upper end."""
    return replace(control, high=high)
