"""The result of a comparison: tidy frames, a summary, and the trained networks."""

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
    "history.csv": "One row for each run and evaluation.",
    "layers.csv": "One row for each run, evaluation and layer.",
    "runs.csv": "One row for each run: the settings that vary, how it ended, last and best values, test scores, sizes, seconds.",
    "summary.csv": "One row for each variant, for the metric.",
    "comparison.toml": "All settings: the comparison can be run again from it.",
}
"""The files of a comparison, and what each contains."""


class Result:
    """Runs with their histories. Frames are read once, when they are first used, and have the columns of the contract."""

    def __init__(self, store: Store, comparison_id: str, comparison_toml: str) -> None:
        self._store, self._id, self._toml = store, comparison_id, comparison_toml

    @classmethod
    def stored(cls, store: Store, comparison: Comparison | str) -> Self:
        """The result of a comparison in a store, or of the comparison with that id, as far as it has been trained.

        For an id, raises UnknownComparisonError, or SettingsError if its settings are no longer valid.
        """
        if isinstance(comparison, str):
            return cls(store, comparison, store.comparison(comparison).to_toml())
        return cls(store, comparison.id, comparison.to_toml())

    @classmethod
    def measured(cls, members: Sequence[tuple[str, RunSettings]], records: Records, comparison_toml: str) -> Self:
        """The result of runs that were trained without a store. `members`: (variant, run) of each."""
        comparison_id = hashlib.sha256(repr([(variant, run.key) for variant, run in members]).encode()).hexdigest()[:12]
        store = Store.in_memory()
        with store.database.writing() as connection:
            asking.register_members(connection, {"id": comparison_id, "name": "", "spec": comparison_toml}, members)
            ids = dict(connection.execute(select(runs.c.key, runs.c.id)).all())
            recording.record(connection, ids, records)
        return cls(store, comparison_id, comparison_toml)

    @cached_property
    def history(self) -> DataFrame:
        """One row for each run and evaluation: variant, seed, run, step, epoch, samples, seconds, lr, losses and scores, measures, moment,
        status.

        If pruning rewinds, a step has two rows: the first one, whose `moment` is "before rewind", shows the trained network.
        """
        return self._store.history(self._id)[0]

    @cached_property
    def layers(self) -> DataFrame:
        """One row for each run, evaluation and layer: variant, seed, run, step, epoch, layer, and its measures."""
        return self._store.layers(self._id)[0]

    @cached_property
    def runs(self) -> DataFrame:
        """One row for each run: variant, seed, run, status, last and best values, test_*, baseline_*, target_std, parameters, nonzero."""
        return self._store.runs(self._id)

    @cached_property
    def histograms(self) -> DataFrame:
        """One row for each run, evaluation and layer: variant, seed, run, step, epoch, layer, low, high, counts (float32 array)."""
        return self._store.histograms(self._id)

    def predictions(self) -> DataFrame:
        """The networks' predictions at the end of their runs, one row for each run and example of the test part (else of the validation
        part).

        variant, seed, run, part, size, example, target, predicted; for classification also `probability_NAME`. See `Store.predictions`.
        """
        return self._store.predictions(self._id)

    @cached_property
    def grids(self) -> DataFrame:
        """Outputs over the plane, for data with two features: variant, seed, run, step, epoch, grid (see core.engine.measuring.grids)."""
        return self._store.grids(self._id)

    def summary(self, metric: str = "val_loss", at: At = "last") -> DataFrame:
        """One row for each variant: n, diverged, counted, mean, std, ci_low, ci_high and best of the metric.

        It also has the test scores (loss, accuracy and F1, or loss, RMSE, MAE and R²), parameters, nonzero, compression, and the scores of
        a constant prediction on the same data (`baseline*`).
        """
        return summarise(self.history, self.runs, metric, at)

    def model(self, run: RunSettings) -> nn.Module:
        """The trained network of a run, plain PyTorch, in eval mode. Raises LookupError for a run that is not in the result or has not
        ended.
        """
        from core.engine.network.networks import trained_model

        weights = self._store.weights(run.key) if (self.runs["run"] == run.key).any() else None
        if weights is None:
            raise LookupError(f"no trained network of run {run.key} (seed {run.seed}) is in this result")
        return trained_model(run, weights)

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Writes the FILES into a folder, which is created if needed; returns their paths. Raises OSError if that is not possible."""
        return write_folder(folder, self.files())

    def files(self, metric: str = "val_loss", at: At = "last") -> dict[str, bytes]:
        """The content of all FILES by name; the summary is for the metric."""
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
