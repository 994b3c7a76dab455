"""The part of the sidebar that sets what varies, and over how many seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.comparison import LONGEST_NAME, MAX_VARIED, label
from core.settings import RunSettings, SettingsError
from core.ui.form import tables, varied
from core.ui.form.picking import segmented_control
from core.ui.form.values import parse, parse_variants, write_variant
from core.ui.form.varied import MODES, NOTHING, Varied
from core.ui.markdown import escaped

LINE, PADDING, LETTERS, MOST_LINES = 19, 26, 30, 14
"""Sizes of a text field in the sidebar: pixels of a line, pixels around all lines, characters in a line, lines without scrolling."""
SEEDS = ("1", "3", "5", "10", "20", "50")

CROSSED_HELP = (
    "Settings and their values; several settings are crossed. Choose or type values: `0.1`, `adam`, "
    "`sgd lr=0.1 momentum=0.9`, `64-64` for two hidden layers."
)
SEEDS_HELP = "Number of runs per variant, from the first seed on; or the seeds, such as `0, 3, 4`. All variants have the same seeds."
NAMED_HELP = (
    "One variant per line: a name, a colon, and the settings in which it differs from those above, such as "
    "`Small steps: optimizer=sgd lr=0.01, model.dropout=0.2`."
)


class VaryingForm:
    """Draws what varies into `container`, the seeds into `seeds`, and collects complaints; `start`, given `start_base`, is the default."""

    def __init__(
        self, page: str, container: DeltaGenerator, seeds: DeltaGenerator, start: Varied, start_base: RunSettings, begins: Mapping[str, Any]
    ) -> None:
        self.page = page
        self.problems: list[str] = []
        self._container, self._seeds = container, seeds
        self._start, self._start_base, self._begins = start, start_base, begins

    def draw(self, base: RunSettings | None) -> dict[str, Any]:
        """The arguments of `Comparison` except its base; `base` is None while the settings are invalid."""
        mode = segmented_control("What varies", MODES, self._start.mode, key=f"{self.page}.mode", help=CROSSED_HELP, place=self._container)
        asked: dict[str, Any] = {"variants": self._named(base)} if mode == "named variants" else {"vary": self._crossed(base)}
        asked["seeds"] = self._draw_seeds()
        return self._without_paths(asked)

    def _crossed(self, base: RunSettings | None) -> dict[str, list[Any]]:
        values: dict[str, list[Any]] = {}
        for number in range(1, MAX_VARIED + 1):
            path = self._path(number, base or self._start_base)
            if path == NOTHING:
                break
            if path in values:
                self._complain(f"{path} varies already; choose another setting")
                break
            values[path] = self._values(number, path, base or self._start_base)
        return values

    def _path(self, number: int, base: RunSettings) -> str:
        begin = [*self._start.crossed, *[NOTHING] * MAX_VARIED][number - 1]
        offered = list(dict.fromkeys([NOTHING, begin, *varied.paths(base)]))
        chosen = self._container.selectbox(
            "Vary" if number == 1 else "Crossed with",
            offered,
            index=offered.index(begin),
            key=f"{self.page}.vary{number}",
            accept_new_options=True,
            filter_mode="contains",
            bind="query-params",
        )
        return chosen or NOTHING

    def _values(self, number: int, path: str, base: RunSettings) -> list[Any]:
        begin = self._start.crossed.get(path) or varied.starting_values(path, self._start_base)
        texts = self._container.multiselect(
            f"Values of {path}",
            list(dict.fromkeys([*begin, *varied.offered_values(path, base)])),
            default=begin,
            key=f"{self.page}.vary{number}.{path}",
            placeholder="Pick or type values",
            accept_new_options=True,
            filter_mode="contains",
            label_visibility="collapsed",
            bind="query-params",
        )
        if not texts:
            self._complain(f"{path} needs at least one value; pick or type one")
        return [value for text in texts for value in self._read(path, text, base)]

    def _read(self, path: str, text: str, base: RunSettings) -> list[Any]:
        try:
            return [parse(path, text, base)]
        except SettingsError as error:
            self._complain(str(error))
            return []

    def _named(self, base: RunSettings | None) -> list[dict[str, Any]]:
        key = f"{self.page}.variants"
        height = _height(st.session_state.get(key) or self._start.named)
        text = self._container.text_area("Variants", self._start.named, key=key, height=height, help=NAMED_HELP, bind="query-params") or ""
        if base is not None:
            self._offer_line(key, text, base)
        try:
            return parse_variants(text, base)
        except SettingsError as error:
            self._complain(str(error))
            return []

    def _offer_line(self, key: str, text: str, base: RunSettings) -> None:
        overrides = varied.differences(self._start_base, base)
        name = ", ".join(label(path, value) for path, value in overrides.items())[:LONGEST_NAME]
        self._container.button(
            "Add the settings above as a variant",
            key=f"{self.page}.add",
            on_click=_append,
            args=(key, text, write_variant(name, overrides), self._begins),
            disabled=not overrides,
            help="Change settings first: their differences from the defaults become a line here, and the settings return to their "
            "defaults.",
        )

    def _draw_seeds(self) -> int | list[int]:
        offered = list(dict.fromkeys([*SEEDS, self._start.seeds]))
        text = self._seeds.selectbox(
            "Seeds",
            offered,
            index=offered.index(self._start.seeds),
            key=f"{self.page}.seeds",
            accept_new_options=True,
            filter_mode="prefix",
            help=SEEDS_HELP,
            bind="query-params",
        )
        try:
            return varied.parse_seeds(text or self._start.seeds)
        except SettingsError as error:
            self._complain(str(error), self._seeds)
            return 1

    def _without_paths(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            without: dict[str, Any] = tables.without_paths(asked)
        except SettingsError as error:
            self._complain(str(error))
            return asked
        return without

    def _complain(self, problem: str, container: DeltaGenerator | None = None) -> None:
        (container or self._container).error(escaped(problem))
        self.problems.append(problem)


def _height(text: str) -> int:
    """Pixels of a text field that shows its whole text. Streamlit's automatic height is wrong if the sidebar is folded at first."""
    lines = sum(max(-(-len(line) // LETTERS), 1) for line in text.splitlines())
    return LINE * min(max(lines, 3), MOST_LINES) + PADDING


def _append(key: str, text: str, line: str, begins: Mapping[str, Any]) -> None:
    """Appends the line and resets the settings to their defaults; otherwise all variants would have the changed settings."""
    st.session_state[key] = "\n".join(dict.fromkeys([*text.rstrip().splitlines(), line]))
    for name, begin in begins.items():
        if st.session_state.get(name, begin) != begin and not name.endswith(".seed"):
            st.session_state[name] = begin
