"""What every page can show, found by opening it: its tabs, and the comparison that each of them follows, in small and trained."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from core.comparison import Comparison
from core.experiments import home
from core.runs.compare import compare
from core.runs.store import Store
from tests.pages.moments.drawn import Drawn, Query, draw, query_for
from tests.pages.moments.tape import Tape
from tests.pages.moments.timeline import MOMENTS, Stage

SEEDS, SAMPLES = 2, 150
EPOCHS, EPOCHS_WITH_PRUNING = 4, 11  # weights go after the 10th, as a rule

FIRST = next(iter(MOMENTS))
TELLING = (
    FIRST,
    "first row",
    "second evaluation",
    "all diverged before an update",
    "all but one diverged",
    "everything at once",
    "finished",
)
"""Moments in which tabs within tabs are looked at, too, and every metric: each of these draws the whole page again."""


def smaller(comparison: Comparison) -> Comparison:
    """As it is but for its size, trained in a moment: fewer seeds, epochs, examples, and values of what varies (three or four of each)."""
    epochs = EPOCHS if comparison.base.pruning.kind == "none" else EPOCHS_WITH_PRUNING
    given = json.loads(comparison.to_json())
    given["vary"] = {path: [values[0], *values[1:-1][:: max(1, len(values) - 3)], values[-1]] for path, values in given["vary"].items()}
    return Comparison.load(_limited(given, {"epochs": epochs, "samples": SAMPLES}) | {"seeds": SEEDS})


def _limited(given: Any, most: Mapping[str, int]) -> Any:
    """The whole numbers of these names at most so large."""
    if isinstance(given, list):
        return [_limited(item, most) for item in given]
    if not isinstance(given, dict):
        return given
    limits = {name: most[last] for name in given if (last := name.rpartition(".")[2]) in most and isinstance(given[name], int)}
    return {name: min(value, limits[name]) if name in limits else _limited(value, most) for name, value in given.items()}


@dataclass(frozen=True)
class View:
    """One way to look at a page: what is in its address, and what is known to come of the comparison that it follows."""

    path: str
    query: Query
    comparison: Comparison
    references: tuple[str, ...]
    tape: Tape
    stored: bool = True  # whether it shows anything that is in the store
    inside: bool = False  # a tab of another view, which has been drawn around it

    @property
    def name(self) -> str:
        """The tabs that are open."""
        return ", ".join(str(value) for key, value in self.query.items() if key.endswith((".tab", ".part"))) or "as it begins"

    def stage(self, store: Store) -> Stage:
        return Stage(store, self.comparison, self.tape, self.references)


class Views:
    """The views of each page, found and trained once by all processes that run tests."""

    def __init__(self, folder: Path, shared: Path) -> None:
        """`folder`: of this process; `shared`: of all that run tests at a time."""
        self._folder, self._shared = folder, shared
        self._found: dict[str, list[View]] = {}
        self._tapes: dict[str, Tape] = {}

    def of(self, path: str, moment: str) -> list[View]:
        """Those of a page that are looked at in a moment: tabs that show the same whatever is stored in the first one alone."""
        return [view for view in self._all(path) if moment == FIRST or (view.stored and (moment in TELLING or not view.inside))]

    def _all(self, path: str) -> list[View]:
        if path not in self._found:
            file = self._shared / f"views-{path.replace('/', '-')}.pickle"
            with FileLock(f"{file}.lock"):
                if not file.exists():
                    file.write_bytes(pickle.dumps(self._find(path)))
                self._found[path] = pickle.loads(file.read_bytes())
        return self._found[path]

    def _find(self, path: str) -> list[View]:
        begin = list(draw(path, {}).tabs())
        found = [self._view(path, query) for query in ({}, *({key: label} for key, label in begin))]
        return [inner for view in found for inner in self._with_those_inside(view, begin)]

    def _with_those_inside(self, view: View, known: Sequence[tuple[str, str]]) -> list[View]:
        """The view, and the tabs that are in it when there are results."""
        with self._home(view) as store:
            before = draw(view.path, view.query).open_tabs()
            MOMENTS["finished"](view.stage(store))
            after = draw(view.path, view.query)
        outer = replace(view, stored=not before or before != after.open_tabs())
        tabs = [tab for tab in after.tabs() if tab not in known]
        return [outer, *(replace(outer, query={**view.query, key: label}, inside=True) for key, label in tabs)]

    def _view(self, path: str, tab: Query) -> View:
        """A tab of a page as it begins, but with a smaller comparison in its form."""
        opened = draw(path, tab)
        small = {page: smaller(start) for page, start, _ in opened.forms}
        query = {**tab, **query_for(opened, small)}
        return self._recorded(path, query, draw(path, query))

    def _recorded(self, path: str, query: Query, opened: Drawn) -> View:
        followed = opened.followed[0] if opened.followed else opened.forms[0][2] if opened.forms else smaller(home.DEFAULT)
        asked = opened.forms[0][2].names if opened.forms else followed.names
        references = tuple(name for name in followed.names if name not in asked)
        return View(path, query, followed, references if len(references) < len(followed.names) else (), self._tape(followed))

    def _tape(self, comparison: Comparison) -> Tape:
        if comparison.id not in self._tapes:
            store = Store(f"sqlite:///{self._folder / comparison.id}.db")
            compare(comparison, store=store, progress=False)
            self._tapes[comparison.id] = Tape(store, comparison)
            store.close()
        return self._tapes[comparison.id]

    @contextmanager
    def _home(self, view: View) -> Iterator[Store]:
        """A data folder for looking at a view."""
        folder = self._folder / f"home-{view.comparison.id}-{len(self._found)}-{view.name}".replace(" ", "_")
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("TANDEM_HOME", str(folder))
            yield Store(f"sqlite:///{folder / 'tandem.db'}")
