"""The store holds runs and comparisons, and is the only connection between dashboard, runner and workers.

A comparison is given by its id, or as a `Comparison`. If it was never requested, the runs that other comparisons stored are read. Frames
have the columns of the contract; `run` is a run's key. Reading is cheap enough for every second: ask `progress`, and `follow` while it
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from pandas import DataFrame
from sqlalchemy import URL, Connection, select

from core.comparison import Comparison
from core.runs.store import asking, reading
from core.runs.store.asking import Action, Deleted, UnknownComparisonError
from core.runs.store.database import Database, StoreError, StoreFailedError, StoreLostError, remember
from core.runs.store.frames import with_predictions
from core.runs.store.members import Members, members_of
from core.runs.store.reading import HISTORY_KEY, LAYER_KEY, Cursor, Progress, merged
from core.runs.store.schema import comparisons, runs, weights
from core.settings import RunSettings

__all__ = [
    "Action",
    "Cursor",
    "Deleted",
    "Followed",
    "Progress",
    "Store",
    "StoreError",
    "StoreFailedError",
    "StoreLostError",
    "UnknownComparisonError",
]

PROBE_LENGTH = 10_000

Followed = tuple[DataFrame, Cursor]
"""All rows so far, and the position up to which they are read: the argument and the result of `follow`."""

_Read = Callable[[Connection, Members, Cursor | None], Followed]


class Store:
    """A store with its database URL. Several threads may call its methods, and several processes may use the store."""

    def __init__(self, url: str | URL) -> None:
        """Opens the store and makes missing tables. Raises StoreError for a store that cannot be used."""
        self.database = Database(url)

    @classmethod
    def in_memory(cls) -> Store:
        """A store that ends with this object; for one thread."""
        return cls("sqlite://")

    @property
    def url(self) -> str:
        """The database URL without the password."""
        return self.database.shown_url

    def complaint(self) -> str:
        """Why nothing can be written now, in a sentence; empty if writing works. It writes more than one page of the file to find out."""
        try:
            for text in ("?" * PROBE_LENGTH, ""):
                with self.database.writing() as connection:
                    remember(connection, "probe", text)
        except StoreError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Closes the connections."""
        self.database.close()

    def history(self, comparison: Comparison | str, since: Cursor | None = None) -> Followed:
        """The history of all runs (one row for each run and evaluation), and the position up to which it is read.

        With `since`: only rows that are new or changed after it; but all rows if the revision has changed, because rows that were returned
        before may be gone then (`follow` handles this). Ordered by the comparison's runs, then by step.
        """
        with self.database.reading() as connection:
            return reading.history_rows(connection, members_of(connection, comparison), since)

    def layers(self, comparison: Comparison | str, since: Cursor | None = None) -> Followed:
        """As `history`, with one row for each run, evaluation and layer: variant, seed, run, step, epoch, layer, and the measures."""
        with self.database.reading() as connection:
            return reading.layer_rows(connection, members_of(connection, comparison), since)

    def follow(self, comparison: Comparison | str, known: Followed | None = None) -> Followed:
        """The whole history, of which only the rows missing in `known` are read. If nothing is new, it returns the same frame object."""
        return self._follow(comparison, known, reading.history_rows, HISTORY_KEY)

    def follow_layers(self, comparison: Comparison | str, known: Followed | None = None) -> Followed:
        """As `follow`, for `layers`."""
        return self._follow(comparison, known, reading.layer_rows, LAYER_KEY)

    def _follow(self, comparison: Comparison | str, known: Followed | None, read: _Read, key: list[str]) -> Followed:
        with self.database.reading() as connection:
            mine = members_of(connection, comparison)
            reached = reading.cursor(connection, mine)
            if known is not None and known[1] == reached:
                return known
            if known is None or known[1].revision != reached.revision:
                return read(connection, mine, None)
            fresh, _ = read(connection, mine, known[1])
            return known[0] if fresh.empty else merged(known[0], fresh, key, list(mine.frame(connection)["run"])), reached

    def histograms(self, comparison: Comparison | str, *, variant: str | None = None, seed: int | None = None) -> DataFrame:
        """Histograms of the weights: variant, seed, run, step, epoch, layer, low, high, counts (float32 array).

        For all runs, or only for those of one variant or seed.
        """
        with self.database.reading() as connection:
            return reading.histogram_rows(connection, members_of(connection, comparison), variant, seed)

    def grids(self, comparison: Comparison | str) -> DataFrame:
        """The outputs over the plane, for data with two features: variant, seed, run, step, epoch, grid (bytes); the latest of each run."""
        with self.database.reading() as connection:
            return reading.grid_rows(connection, members_of(connection, comparison))

    def predictions(self, comparison: Comparison | str, variants: Sequence[str] | None = None) -> DataFrame:
        """The networks' predictions at the end of their runs, for some variants or all: one row for each run and example.

        variant, seed, run, part ("test", else "validation"), size (examples in that part), example, target, predicted. For classification,
        target and predicted are class names, and there is `probability_NAME`; for regression they are in the target's own unit. Runs that
        diverged, and runs that an earlier Tandem stored, have none.
        """
        with self.database.reading() as connection:
            return with_predictions(reading.prediction_rows(connection, members_of(connection, comparison), variants))

    def runs(self, comparison: Comparison | str) -> DataFrame:
        """One row for each run: variant, seed, run, status, epochs (requested), epoch, step, samples, seconds, last_* and best_* of the
        metrics, test_loss, test_accuracy, test_f1, test_r2, parameters, nonzero. A run that has not begun is `queued`; NaN: not known yet.
        """
        with self.database.reading() as connection:
            return reading.run_rows(connection, members_of(connection, comparison))

    def comparisons(
        self, search: str = "", state: str | None = None, limit: int = 100, offset: int = 0, without: Collection[str] = ()
    ) -> DataFrame:
        """One row for each comparison, newest first: id, name, note, state, created, finished (UTC), message, spec (JSON), runs,
        runs_done, diverged, epochs_done, epochs_total, variants, outdated (another version trained its runs; they can be read by the
        comparison's id, but the same settings now have other runs). `search` is looked for in name, note, settings and id; ids in
        `without` are left out.
        """
        with self.database.reading() as connection:
            return reading.comparison_rows(connection, search, state, limit, offset, without)

    def count(self, search: str = "", state: str | None = None, without: Collection[str] = ()) -> int:
        """The number of comparisons that match."""
        with self.database.reading() as connection:
            return reading.count(connection, search, state, without)

    def comparison(self, comparison_id: str) -> Comparison:
        """The comparison as it was requested. Raises UnknownComparisonError, or SettingsError for settings that are no longer valid."""
        with self.database.reading() as connection:
            spec = connection.scalar(select(comparisons.c.spec).where(comparisons.c.id == comparison_id))
        if spec is None:
            raise UnknownComparisonError(f"no comparison {comparison_id!r} in the store")
        return Comparison.from_json(spec)

    def progress(self, comparison: Comparison | str) -> Progress:
        """The progress of a comparison. Raises UnknownComparisonError for an unknown id; a `Comparison` that was never requested is
        `new`.
        """
        comparison_id = comparison if isinstance(comparison, str) else comparison.id
        with self.database.reading() as connection:
            found = reading.progress(connection, comparison_id)
            if found is None and isinstance(comparison, Comparison):
                return reading.standing(connection, members_of(connection, comparison), comparison.runs())
        if found is None:
            raise UnknownComparisonError(f"no comparison {comparison_id!r} in the store")
        return found

    def settings(self, run_key: str) -> RunSettings | None:
        """The settings of a run; None if it is not in the store."""
        with self.database.reading() as connection:
            text = connection.scalar(select(runs.c.settings).where(runs.c.key == run_key))
        return None if text is None else RunSettings.model_validate_json(text)

    def weights(self, run_key: str) -> bytes | None:
        """The trained weights of a run that has ended (for `core.engine.network.networks.trained_model`); None if there are none yet."""
        with self.database.reading() as connection:
            joined = select(weights.c.data).join(runs, runs.c.id == weights.c.run_id)
            return connection.scalar(joined.where(runs.c.key == run_key))

    def request(self, comparison: Comparison | str, action: Action, name: str = "") -> str:
        """Requests an action from the runner: run, pause, resume, step (one epoch, then pause) or cancel a comparison; returns its id.

        A new `Comparison` is stored; an id must be known. Stored runs are not trained again, so running a finished comparison finishes at
        once. Raises UnknownComparisonError.
        """
        with self.database.writing() as connection:
            if isinstance(comparison, Comparison):
                asking.register(connection, comparison, name)
            comparison_id = comparison.id if isinstance(comparison, Comparison) else comparison
            asking.ask(connection, comparison_id, action)
        return comparison_id

    def rename(self, comparison_id: str, name: str) -> None:
        """Gives a comparison another name. Raises UnknownComparisonError."""
        with self.database.writing() as connection:
            asking.rename(connection, comparison_id, name)

    def note(self, comparison_id: str, note: str) -> None:
        """Replaces the note of a comparison. Raises UnknownComparisonError."""
        with self.database.writing() as connection:
            asking.annotate(connection, comparison_id, note)

    def would_delete(self, comparison_id: str) -> Deleted:
        """What `delete` would delete. Raises UnknownComparisonError."""
        with self.database.reading() as connection:
            return asking.removable(connection, comparison_id)

    def delete(self, comparison_id: str) -> Deleted:
        """Deletes a comparison and the runs that no other comparison uses, running or not. Raises UnknownComparisonError."""
        with self.database.writing() as connection:
            return asking.remove(connection, comparison_id)
