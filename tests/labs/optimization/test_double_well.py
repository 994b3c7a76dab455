"""The double well, against torch's own SGD on the very losses of the examples, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize, stats

from core.labs.optimization import double_well
from core.labs.optimization.double_well import Well

FEW = Well(updates=40, examples=9, schedule="constant")


def per_example(well, w):
    """The losses of all examples by torch."""
    shared = (w**2 - 1) ** 2 / 4 - well.tilt * w
    return shared + well.noise * torch.tensor(double_well.xi(well)) * w


@pytest.mark.parametrize("batch", [1, 4, "full"])
@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_a_path_is_that_of_torchs_sgd_on_the_examples_of_each_batch(batch, schedule):
    well = FEW.model_copy(update={"schedule": schedule})
    w = torch.tensor(well.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=well.lr)
    fall = (lambda t: 1 - t / well.updates) if schedule == "linear" else lambda t: 1.0
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, fall)
    rows = np.tile(np.arange(9), (40, 1)) if batch == "full" else double_well.draws(well, batch, 5)
    expected = [w.item()]
    for row in rows:
        optimizer.zero_grad()
        per_example(well, w)[row].mean().backward()
        optimizer.step()
        scheduler.step()
        expected.append(w.item())
    np.testing.assert_allclose(double_well.paths(well, batch, [5])[0], expected, rtol=1e-10, atol=1e-12)


def test_a_seed_descends_the_same_way_in_any_company():
    together = double_well.paths(FEW, 2, [3, 4, 9])
    assert np.array_equal(double_well.paths(FEW, 2, [9, 3]), together[[2, 0]])
    assert not np.array_equal(together[0], together[1])


def test_the_landmarks_are_where_scipy_finds_them():
    well = Well(tilt=0.2)
    shallow, ridge, deep = double_well.landmarks(well)

    def loss(w):
        return (w**2 - 1) ** 2 / 4 - well.tilt * w

    assert shallow == pytest.approx(optimize.minimize_scalar(loss, bounds=(-2, -0.5)).x, abs=1e-5)
    assert deep == pytest.approx(optimize.minimize_scalar(loss, bounds=(0.5, 2)).x, abs=1e-5)
    assert ridge == pytest.approx(optimize.brentq(lambda w: double_well.slope(well, w), -0.5, 0.5))
    assert loss(deep) < loss(shallow) < loss(ridge)


def test_full_batches_end_at_the_bottom_of_the_well_that_they_start_in():
    found = double_well.descend(Well(schedule="constant"), ["full"], [0])
    assert found.table["end"][0] == pytest.approx(found.shallow, abs=1e-9)
    assert not found.table["left"][0]
    assert double_well.descend(Well(start=0.3), ["full"], [0]).table["left"][0], "it starts beyond the ridge"


def test_small_batches_leave_the_well_where_full_and_large_ones_do_not():
    """A pilot study with other draws found 0, 0, 48, 170 of 200 for full batches and those of 64, 16 and 4."""
    found = double_well.descend().table.groupby("batch")["left"].sum()
    assert found["full"] == 0
    assert found["64"] <= 2
    for batch, of_200 in (("16", 48), ("4", 170), ("2", 150)):
        assert stats.fisher_exact([[found[batch], 200 - found[batch]], [of_200, 200 - of_200]]).pvalue > 1e-3, (batch, found[batch])
    slow = double_well.descend(Well(lr=0.01), (4,), range(50)).table
    assert not slow["left"].any(), "with a tenth of the rate the noise is too small"


def test_the_full_gradient_is_the_slope_of_the_mean_loss():
    w = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    per_example(FEW, w).mean().backward()
    assert w.grad.item() == pytest.approx(double_well.slope(FEW, 0.7))
