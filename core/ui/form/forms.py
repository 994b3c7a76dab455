"""The sidebar: settings, what varies, seeds. It is built from the settings classes and kept in the URL.

A widget's key is `page.path` and contains the kind (`compare.optimizer.sgd.lr`), so that each kind keeps its own values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.choices import schema
from core.choices.base import Choice
from core.comparison import Comparison
from core.data.examples import DataError
from core.data.sets import Table
from core.settings import RunSettings, SettingsError
from core.ui import errors
from core.ui.form import downloads, fields, links, tables, varied, widgets
from core.ui.form.varying import VaryingForm
from core.ui.form.widgets import Spot
from core.ui.markdown import escaped

FEW = (("data", "model"), ("model.hidden",), ("optimizer", "optimizer.lr"), ("training.batch_size", "training.epochs"))
"""The most important settings, in rows; all others are folded."""

REFUSED = "These settings cannot be used"


def settings(page: str, base: RunSettings = RunSettings()) -> RunSettings:  # noqa: B008 (frozen)
    """Draws the settings into the sidebar, with `base` as defaults, and returns them. Ends the run of the page if they are invalid."""
    links.open_afresh(page)
    form = SettingsForm(page, st.sidebar)
    checked = form.draw(base)
    if checked is None:
        errors.stop(REFUSED, form.problems, form.steps)
    downloads.ask_first(page, [checked.data])
    return checked


def comparison(page: str, start: Comparison, vary: Sequence[str] = ()) -> Comparison:
    """Draws settings, what varies and seeds into the sidebar, and returns the comparison. Ends the run of the page if there is none.

    `start` is the form's initial state. If it varies nothing, `vary` names the settings that vary at first.
    """
    links.open_afresh(page)
    link = st.query_params.to_dict()
    form = SettingsForm(page, st.sidebar, {"seed": "First seed"})
    base = form.draw(start.base)
    varying = VaryingForm(page, form.middle, form.seeds, varied.of(start, vary), start.base, form.begins)
    asked = varying.draw(base)
    form.warn_of_ignored(link)
    if base is None or varying.problems:
        errors.stop(REFUSED, form.problems + varying.problems, form.steps)
    form.note_unused(varied.everywhere(asked))
    try:
        wanted = Comparison.load({"base": base, **asked})
    except SettingsError as error:
        errors.stop(REFUSED, str(error).splitlines())
    downloads.ask_first(page, [run.data for run in wanted.runs()])
    return wanted


class SettingsForm:
    """The sidebar of one page during drawing: a few settings, room for more (`middle`), the other settings folded, and the complaints."""

    def __init__(self, page: str, container: DeltaGenerator, labels: Mapping[str, str] = {}) -> None:
        self.page = page
        self.problems: list[str] = []
        self.steps: list[str] = []  # what the user still has to choose
        self.begins: dict[str, Any] = {}  # initial value of each widget, by its key
        self._spots: dict[str, Spot] = {}  # by the widget's key
        self._labels = labels
        self._slots: dict[str, DeltaGenerator] = {}
        self._below: dict[str, DeltaGenerator] = {}
        for row in FEW:
            self._slots |= dict(zip(row, container.columns(len(row), gap="xsmall", wrap=False), strict=True))
            below = container.container()
            self._below |= dict.fromkeys(row, below)
        self._notes = container.container()
        self.middle = container.container()
        self.seeds, self._slots["seed"] = container.columns(2, gap="xsmall", wrap=False)
        self._changes = container.container()
        self._rest = container.container(gap="xsmall")
        self._folded: dict[str, tuple[DeltaGenerator, DeltaGenerator]] = {}
        self._more: dict[str, DeltaGenerator] = {}

    def draw(self, base: RunSettings) -> RunSettings | None:
        """Draws every setting, with `base` as defaults, and returns them; None if some are invalid, which is shown beside them."""
        values = self._draw_fields(RunSettings, base, "", self.page, "")
        if self.problems or self.steps:
            return None
        try:
            checked = RunSettings.model_validate(values)
        except SettingsError as error:
            self.problems = str(error).splitlines()
            self._notes.error(errors.as_list(self.problems))
            return None
        if isinstance(checked.data, Table) and not self._reads(checked.data):
            return None
        self._note_changes(base, checked)
        return checked

    def _reads(self, table: Table) -> bool:
        """Whether a table can be used for training; below it stands how it is read, or why it cannot be read."""
        try:
            tables.show_reading(self._below["data"], tables.reading_of(table))
        except DataError as error:
            self._below["data"].warning(escaped(str(error)))
            self.problems.append(f"data: {error}")
            return False
        return True

    def note_unused(self, paths: Sequence[str]) -> None:
        """Says that changing these settings has no effect, because every variant sets them itself."""
        for path in paths:
            place = self._below.get(path) or self._below.get(path.partition(".")[0]) or self._rest
            place.caption(f"{escaped(path)}: not used, because every variant sets its own")

    def warn_of_ignored(self, link: Mapping[str, str]) -> None:
        """Names the values in the page's link that are not allowed: Streamlit replaces them by defaults without a message."""
        lines = []
        for key, text in links.ignored(self.page, link).items():
            spot = self._spots.get(key)
            name = key.removeprefix(f"{self.page}.") if spot is None else spot.path
            allowed = "" if spot is None else fields.allowed(spot.owner, spot.name)
            lines.append(f"{name}: {text!r} is not allowed{f': {allowed}' if allowed else ''}")
        if lines:
            st.warning(errors.as_list(lines), title="Part of this link was not used")

    def _note_changes(self, base: RunSettings, checked: RunSettings) -> None:
        """Names folded settings that are not at their defaults, since they are not visible."""
        visible = {name for row in FEW for name in row}
        changes = [name for name in varied.differences(base, checked) if name not in visible]
        if changes:
            self._changes.caption(f"Changed below: {escaped(', '.join(changes))}")

    def _draw_fields(self, cls: type[Choice], start: Choice | None, path: str, key: str, prefix: str) -> dict[str, Any]:
        values = {}
        for name, info in fields.leaves(cls):
            default = info.default if start is None else getattr(start, name)
            if not (cls is Table and name in tables.OWN):
                label = self._labels.get(f"{path}{name}") or (fields.human(name) if f"{path}{name}" in self._slots else "")
                values[name] = self._draw(Spot(cls, name, f"{path}{name}", f"{key}.{name}", prefix, label), default)
        return values

    def _draw(self, spot: Spot, start: Any) -> Any:
        self._spots[spot.key] = spot
        if members := fields.kinds(spot.owner, spot.name):
            self.begins[spot.key] = start.kind
            chosen = widgets.kind(self._place(spot), spot, start.kind)
            if "." not in spot.path:
                self._folder(spot.path)[0].caption(fields.prose(members[chosen]))
            inner = start if isinstance(start, members[chosen]) else None
            return {"kind": chosen, **self._draw_inner(members[chosen], inner, spot, f"{spot.key}.{chosen}")}
        if single := fields.group(spot.owner, spot.name):
            return self._draw_inner(single, start, spot, spot.key)
        self.begins[spot.key] = begin = widgets.held(spot.owner, spot.name, start)
        try:
            return widgets.leaf(self._place(spot), spot, begin)
        except SettingsError as error:
            self._complain(self._place(spot), str(error))
            return start

    def _draw_inner(self, cls: type[Choice], start: Choice | None, spot: Spot, key: str) -> dict[str, Any]:
        prefix = "" if "." not in spot.path else fields.human(spot.name)
        own = self._draw_table(key, start) if cls is Table else {}
        return own | self._draw_fields(cls, start, f"{spot.path}.", key, prefix)

    def _draw_table(self, key: str, start: Choice | None) -> dict[str, Any]:
        place = self._below["data"]
        try:
            return tables.draw(place, key, start if isinstance(start, Table) else None)
        except tables.NextStep as step:
            self.steps.append(str(step))
            return {}
        except SettingsError as error:
            self._complain(place, str(error))
            return {}

    def _complain(self, container: DeltaGenerator, problem: str) -> None:
        container.error(escaped(problem))
        self.problems.append(problem)

    def _place(self, spot: Spot) -> DeltaGenerator:
        if spot.path in self._slots:
            return self._slots[spot.path]
        choice = spot.path.partition(".")[0]
        body, below = self._folder(choice)
        if not schema.extra(spot.owner, spot.name, "advanced"):
            return body
        if choice not in self._more:
            self._more[choice] = below.expander("More", type="compact")
        return self._more[choice]

    def _folder(self, choice: str) -> tuple[DeltaGenerator, DeltaGenerator]:
        """The expander of a choice: a place for its settings, and below it a place for its advanced settings."""
        if choice not in self._folded:
            expander = self._rest.expander(fields.human(choice), key=f"{self.page}.{choice}.folded")
            self._folded[choice] = (expander.container(), expander.container())
        return self._folded[choice]
