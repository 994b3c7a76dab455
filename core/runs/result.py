"""What a comparison found: tidy frames, a summary, and the trained networks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pandas import DataFrame
from sqlalchemy import select

from core.analysis.statistics import At, summarise
from core.comparison import Comparison
from core.engine.records import Records
from core.export.bundle import write_folder
from core.export.runs_table import with_settings
from core.export.tables import to_csv_bytes
from core.runs.store import Store, asking, recording
from core.runs.store.schema import runs
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import nn

FILES = {
    "history.csv": "A row a run and evaluation.",
    "layers.csv": "A row a run, evaluation and layer.",
    "runs.csv": "A row a run: the settings that vary, how it ended, last and best values, test scores, sizes, seconds.",
    "summary.csv": "A row a variant, for the metric.",
    "comparison.toml": "All settings: the comparison can be run again from it.",
}
"""What a comparison leaves, by name, and what is in it."""


class Result:
    """Runs with their histories. Frames are read once, when first asked for; they have the columns of the contract."""

    def __init__(self, store: Store, comparison_id: str, comparison_toml: str) -> None:
        self._store, self._id, self._toml = store, comparison_id, comparison_toml

    @classmethod
    def stored(cls, store: Store, comparison: Comparison | str) -> Self:
        """Of a comparison in a store, or of that id, as far as it has come.

        Raises, for an id, UnknownComparisonError, and SettingsError where its settings are no longer taken.
        """
        if isinstance(comparison, str):
            return cls(store, comparison, store.comparison(comparison).to_toml())
        return cls(store, comparison.id, comparison.to_toml())

    @classmethod
    def measured(cls, members: Sequence[tuple[str, RunSettings]], records: Records, comparison_toml: str) -> Self:
        """Of runs that were trained without a store. `members`: (variant, run) of each."""
        comparison_id = hashlib.sha256(repr([(variant, run.key) for variant, run in members]).encode()).hexdigest()[:12]
        store = Store.in_memory()
        with store.database.writing() as connection:
            asking.register_members(connection, {"id": comparison_id, "name": "", "spec": comparison_toml}, members)
            ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
            recording.record(connection, ids, records)
        return cls(store, comparison_id, comparison_toml)

    @cached_property
    def history(self) -> DataFrame:
        """A row a run and evaluation: variant, seed, run, step, epoch, samples, seconds, lr, losses and scores, measures, moment, status.

        Where pruning rewinds, a step has two rows: the first, whose `moment` is "before rewind", is of the network as it was trained.
        """
        return self._store.history(self._id)[0]

    @cached_property
    def layers(self) -> DataFrame:
        """A row a run, evaluation and layer: variant, seed, run, step, epoch, layer, and its measures."""
        return self._store.layers(self._id)[0]

    @cached_property
    def runs(self) -> DataFrame:
        """A row a run: variant, seed, run, status, last and best values, test_*, baseline_*, target_std, parameters, nonzero."""
        return self._store.runs(self._id)

    @cached_property
    def histograms(self) -> DataFrame:
        """A row a run, evaluation and layer: variant, seed, run, step, epoch, layer, low, high, counts (float32 array)."""
        return self._store.histograms(self._id)

    def predictions(self) -> DataFrame:
        """What the networks predicted at the end of their runs, a row a run and example of the test part (else of the validation part).

        variant, seed, run, part, size, example, target, predicted; of classes also `probability_NAME`. See `Store.predictions`.
        """
        return self._store.predictions(self._id)

    @cached_property
    def grids(self) -> DataFrame:
        """Outputs over the plane, for data with two features: variant, seed, run, step, epoch, grid (see core.engine.measuring.grids)."""
        return self._store.grids(self._id)

    def summary(self, metric: str = "val_loss", at: At = "last") -> DataFrame:
        """A row a variant: n, diverged, counted, mean, std, ci_low, ci_high and best of the metric, the test scores (loss, accuracy and F1,
        or loss, RMSE, MAE and R²), parameters, nonzero, compression, and what a constant prediction reaches on the same data (`baseline*`).
        """
        return summarise(self.history, self.runs, metric, at)

    def model(self, run: RunSettings) -> nn.Module:
        """The trained network of a run, plain PyTorch, in eval mode. Raises LookupError for a run that is not here or has not ended."""
        from core.engine.network.networks import trained_model

        weights = self._store.weights(run.key) if (self.runs["run"] == run.key).any() else None
        if weights is None:
            raise LookupError(f"no trained network of run {run.key} (seed {run.seed}) is in this result")
        return trained_model(run, weights)

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Writes the FILES into a folder, made if need be; returns their paths. Raises OSError when it cannot be written."""
        return write_folder(folder, self.files())

    def files(self, metric: str = "val_loss", at: At = "last") -> dict[str, bytes]:
        """The content of all FILES by name; the summary is about the metric."""
        return {name: self.file(name, metric, at) for name in FILES}

    def file(self, name: str, metric: str = "val_loss", at: At = "last") -> bytes:
        """The content of one of the FILES."""
        match name:
            case "history.csv":
                return to_csv_bytes(self.history)
            case "layers.csv":
                return to_csv_bytes(self.layers)
            case "runs.csv":
                return to_csv_bytes(with_settings(self.runs, Comparison.from_toml(self._toml)))
            case "summary.csv":
                return to_csv_bytes(self.summary(metric, at))
            case _:
                return self._toml.encode()
