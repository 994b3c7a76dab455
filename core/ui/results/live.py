"""The stored results of a comparison for the pages: read from the store in increments, kept between reruns, never changed in place.

A `Reader` follows one comparison for all sessions that show it. It returns frozen `Results`: as long as nothing changes in the store, it
returns the same object, so that charts and tables made from it are kept with it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar, cast

import streamlit as st
from pandas import CategoricalDtype, DataFrame

from core.analysis.shown import over_seeds
from core.analysis.statistics import reached_by_all, standing, up_to
from core.comparison import Comparison
from core.runs import recorded
from core.runs.store import Followed, Progress, Store
from core.ui import errors, service

Thing = TypeVar("Thing")

SOON, STEADY, PAUSED = 0.5, 1.0, 2.0
"""Seconds between two looks at a comparison: before its first points, while it is running, and while it is paused.

A paused comparison still gets the results that were being computed, and it may be resumed from elsewhere.
"""

ELSEWHERE = 4.0
"""Seconds between two looks at a comparison that is not running, since it may be started in another tab."""

REST = 15.0
"""New rows wait this many times as long as reading and drawing the last ones took, so that this takes at most a sixteenth of a core."""

MOST_KEPT = 80
"""The most objects made from one comparison that are kept."""


class _Made(NamedTuple):
    """An object made from a comparison's results, and when it was made."""

    version: int
    at: float
    thing: object


class Things:
    """Objects made from one comparison's results: the latest for each name. Earlier and later results share them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.seconds = 0.0  # processor time for objects that were made without patience since the last reading
        self._known: dict[Hashable, _Made] = {}

    def of(self, name: Hashable, version: int, make: Callable[[], Thing], patience: float) -> Thing:
        """The object with that name; it is made again unless it has this version or is not older than `patience` seconds."""
        known = self._known.get(name)
        if known is not None and (known.version == version or time.monotonic() - known.at < patience):
            return cast("Thing", known.thing)
        began = time.thread_time()
        thing = make()
        self.seconds += time.thread_time() - began if patience == 0 else 0.0
        self._keep(name, _Made(version, time.monotonic(), thing))
        return thing

    def _keep(self, name: Hashable, made: _Made) -> None:
        self._known.pop(name, None)  # the newest ones are at the end
        self._known[name] = made
        while len(self._known) > MOST_KEPT:
            self._known.pop(next(iter(self._known)), None)


@dataclass(frozen=True, eq=False)
class Results:
    """A comparison and its stored results at one moment.

    history, layers, runs: as `core.runs.store.Store` returns them, with rows only for what is stored. In the first two the variants are
        categories, in the order of the comparison. While runs of a variant train, they are shown up to the step that all of them have
        reached: see `core.analysis.shown.over_seeds.level`.
    course: the history with the rows from before rewinds. `history` leaves these out: it has one row for each run and step. Without such
        rows both are the same frame.
    """

    comparison: Comparison
    progress: Progress
    history: DataFrame
    course: DataFrame
    layers: DataFrame
    runs: DataFrame
    store: Store
    version: int  # of the frames
    _things: Things
    recorded: float | None = None
    """The time at which shipped results were recorded, in seconds since 1970; None for results of this machine."""

    @property
    def variants(self) -> list[str]:
        """All variants of the comparison in its order, with or without stored results."""
        return self.comparison.names

    @property
    def empty(self) -> bool:
        """Whether nothing has been measured yet."""
        return self.history.empty

    @property
    def missing(self) -> int:
        """Number of runs that are not completely stored."""
        return 0 if self.recorded else self.progress.runs - self.progress.runs_done

    @property
    def growing(self) -> bool:
        """Whether more results will follow."""
        return self.progress.active and not self.recorded

    def once(self, name: Hashable, make: Callable[[], Thing], patience: float = 0.0) -> Thing:
        """The result of `make`, which is called once for these results; `name` identifies it. The result must not be changed.

        While the comparison is running, a result that was made from earlier results less than `patience` seconds ago is returned.
        """
        return self._things.of(name, self.version, make, patience if self.progress.active else 0.0)

    @property
    def reached(self) -> float | None:
        """The epoch at which variants are compared during training: the one that each training run has reached; None otherwise."""
        return self.once("reached", lambda: reached_by_all(self.history, self.runs))

    def as_compared(self, frame: DataFrame) -> DataFrame:
        """The rows of a frame (run, step, ...) up to this epoch, which tables and verdicts use; all rows if no run is training."""
        if self.reached is None:
            return frame
        last = self.once("compared", lambda: up_to(self.history, self.runs, self.reached).groupby("run", observed=True)["step"].max())
        return frame[frame["step"] <= frame["run"].astype(str).map(last).astype(float)]

    def histograms(self, seed: int) -> DataFrame:
        """Histograms of the weights of one seed, at the time of the call; recorded results have none."""

        def read() -> DataFrame:
            found = self.store.histograms(self.comparison, seed=seed)
            return found[found["counts"].map(len) > 0]

        return self.once(("histograms", seed), read)

    def grids(self) -> DataFrame:
        """The latest outputs over the plane for every run, at the time of the call."""
        return self.once("grids", lambda: self.store.grids(self.comparison))


class Reader:
    """Follows one comparison. Several sessions may call its methods at the same time."""

    def __init__(self, store: Store, comparison: Comparison) -> None:
        """Reads nothing yet."""
        self._store, self._comparison = store, comparison
        self._history: Followed | None = None
        self._layers: Followed | None = None
        self._latest: Results | None = None
        self._things, self._shipped = Things(), Things()  # those of recorded results are kept apart: they have no version
        self._read_at, self._reading = -math.inf, 0.0  # time of the last reading, and the processor seconds that it took
        self._lock = threading.Lock()

    def latest(self) -> Results:
        """The current progress and the stored results; while the comparison is running, the results of the last reading that was drawn."""
        with self._lock:
            progress = self._store.progress(self._comparison)
            known = self._latest
            outdated = known is not None and known.recorded is not None and not _at_rest(progress)
            if known is None or outdated or (progress.version != known.version and self._drawable(known, progress)):
                self._latest = self._read(progress)
            elif progress != known.progress:
                self._latest = replace(known, progress=progress)
            return cast("Results", self._latest)

    def _drawable(self, known: Results, progress: Progress) -> bool:
        drawing = self._things.seconds
        taken = drawing + self._reading if drawing else 0.0  # without drawing, nothing has to wait
        rested = time.monotonic() - self._read_at >= REST * taken
        return known.empty or known.recorded is not None or not progress.active or rested

    def _read(self, progress: Progress) -> Results:
        began = time.thread_time()
        self._history = self._store.follow(self._comparison, self._history)
        self._layers = self._store.follow_layers(self._comparison, self._layers)
        self._things.seconds, self._read_at = 0.0, time.monotonic()
        if self._history[0].empty and _at_rest(progress) and (shipped := service.recorded_store(self._comparison)):
            found = self._results(progress, shipped, shipped.history(self._comparison)[0], shipped.layers(self._comparison)[0])
            found = replace(found, recorded=recorded.recorded_at(self._comparison), _things=self._shipped)
        else:
            found = self._results(progress, self._store, self._history[0], self._layers[0])
        self._reading = time.thread_time() - began
        return found

    def _results(self, progress: Progress, store: Store, history: DataFrame, layers: DataFrame) -> Results:
        frames = over_seeds.level(history, layers)
        history, layers = (frame.astype({"variant": CategoricalDtype(self._comparison.names)}) for frame in frames)
        runs = store.runs(self._comparison)
        return Results(self._comparison, progress, standing(history), history, layers, runs, store, progress.version, self._things)


def _at_rest(progress: Progress) -> bool:
    """Whether nobody has asked for anything that is still to come: recorded results are shown then alone."""
    return not progress.active and progress.state not in ("paused", "failed")


def reader(comparison: Comparison) -> Reader:
    """The reader that follows a comparison for all sessions. Raises StoreError, ConfigurationError."""
    store = service.store()
    return _reader(store.url, comparison.id, store, comparison)


@st.cache_resource(show_spinner=False, max_entries=24)
def _reader(url: str, comparison_id: str, _store: Store, _comparison: Comparison) -> Reader:
    """Cached by the store and the comparison's identity, which covers everything that determines its runs."""
    return Reader(_store, _comparison)


def interval(results: Results) -> float | None:
    """Seconds until the next look; None if nothing will change by itself."""
    if results.progress.active:
        return SOON if results.empty else STEADY
    return PAUSED if results.progress.state == "paused" else None


def show(comparison: Comparison, draw: Callable[[Results], None]) -> None:
    """Calls `draw` with the stored results of the comparison: now and, as long as it is running, every second.

    `draw` is its own fragment, so a click in it redraws only the fragment. When the comparison starts, ends or gets its first points, the
    whole page runs once, which sets the next interval. If the store fails, the message appears in place of the results, and it is tried
    again.
    """
    errors.with_store(lambda: _show(comparison, draw))


def _show(comparison: Comparison, draw: Callable[[Results], None]) -> None:
    source = reader(comparison)
    every = interval(source.latest())

    @st.fragment(run_every=every)
    def body() -> None:
        errors.with_store(look)

    def look() -> None:
        results = source.latest()
        if interval(results) != every:
            st.rerun()
        draw(results)

    body()
    shown = source.latest().progress
    if every is None and shown.runs_done < shown.runs:
        _watch(source, shown)


@st.fragment(run_every=ELSEWHERE)
def _watch(source: Reader, shown: Progress) -> None:
    """Runs the page again if the comparison was changed from elsewhere."""
    if source.latest().progress != shown:
        st.rerun()
