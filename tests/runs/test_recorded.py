"""The results that come with Tandem: all that pages begin with, of this engine, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from core.comparison import Comparison
from core.experiments.catalogue import experiments
from core.runs import recorded
from core.runs.compare import compare
from core.settings import ENGINE_VERSION
from scripts.recorded import rounded, wanted


def smallest() -> Comparison:
    return min(wanted(), key=lambda comparison: sum(run.training.epochs for run in comparison.runs()))


@pytest.mark.parametrize("comparison", wanted(), ids=lambda comparison: comparison.id)
def test_every_start_of_every_page_is_recorded_by_this_engine(comparison):
    store = recorded.store_of(comparison)
    assert store is not None, "run `make recorded`"
    assert len(store.history(comparison)[0]["run"].unique()) == len({run.key for run in comparison.runs()})


def test_the_subject_of_every_experiment_is_among_them_or_a_part_of_one():
    known = {run.key for comparison in wanted() for run in comparison.runs()}
    subjects = [each.subject for each in experiments().values() if isinstance(each.subject, Comparison)]
    assert all(run.key in known for subject in subjects for run in subject.runs())


def test_what_is_recorded_is_what_this_engine_computes():
    comparison = smallest()
    fresh = compare(comparison, progress=False).history
    kept = recorded.store_of(comparison).history(comparison)[0]
    columns = ["run", "step", "val_loss", "train_loss"]
    fresh, kept = (frame[columns].sort_values(["run", "step"], ignore_index=True) for frame in (fresh, kept))
    early = fresh["step"] <= fresh["step"].unique()[1]  # rounding grows with training
    assert fresh.loc[early, "run"].equals(kept.loc[early, "run"])
    assert_allclose(kept.loc[early, ["val_loss", "train_loss"]], fresh.loc[early, ["val_loss", "train_loss"]], rtol=1e-3)


def test_nothing_else_is_in_the_file():
    store, times = recorded._opened()
    with store.database.reading() as connection:
        versions = connection.exec_driver_sql("SELECT DISTINCT engine_version FROM runs").scalars().all()
        weights = connection.exec_driver_sql("SELECT count(*) FROM weights").scalar()
    assert versions == [ENGINE_VERSION]
    assert weights == 0
    assert set(times) == {comparison.id for comparison in wanted()}
    assert recorded.FILE.stat().st_size < 6_000_000


@pytest.mark.parametrize("value", [0.0, 1.0, -2.302585092994046, 1e-300, 3e38, 123_456.789])
def test_rounding_keeps_six_digits(value):
    assert_allclose(rounded(value), value, rtol=1e-6)
    assert rounded(rounded(value)) == rounded(value)


def test_rounding_leaves_what_is_no_number():
    assert rounded(None) is None
    assert np.isnan(rounded(float("nan")))
    assert rounded(float("inf")) == float("inf")
