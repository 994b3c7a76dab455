"""Every schedule's factor against torch's scheduler of that name, update by update."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as torchs

from core.choices.base import classes
from core.choices.schedules import Plateau, PlateauState
from core.settings import RunSettings

STEPS_PER_EPOCH, EPOCHS = 7, 12
TOTAL = STEPS_PER_EPOCH * EPOCHS
BASE = 0.4


def schedule(**settings):
    return RunSettings.model_validate({"schedule": settings}).schedule


def rates_of_torch(build, steps=TOTAL):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = build(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def each_epoch(build):
    """A scheduler that torch's users step once an epoch."""
    rates = rates_of_torch(build, EPOCHS)
    return np.repeat(rates, STEPS_PER_EPOCH)


TORCH = {
    "constant": ({}, lambda o: torchs.ConstantLR(o, factor=1.0)),
    "step": ({"every": 5, "gamma": 0.3}, lambda o: torchs.StepLR(o, 5 * STEPS_PER_EPOCH, gamma=0.3)),
    "multi_step": (
        {"milestones": [3, 8], "gamma": 0.2},
        lambda o: torchs.MultiStepLR(o, [3 * STEPS_PER_EPOCH, 8 * STEPS_PER_EPOCH], gamma=0.2),
    ),
    "polynomial": ({"power": 1.7}, lambda o: torchs.PolynomialLR(o, total_iters=TOTAL, power=1.7)),
    "cosine": ({"final": 0.1}, lambda o: torchs.CosineAnnealingLR(o, T_max=TOTAL, eta_min=0.1 * BASE)),
    "cosine_restarts": (
        {"first": 2, "lengthen": 2, "final": 0.05},
        lambda o: torchs.CosineAnnealingWarmRestarts(o, T_0=2 * STEPS_PER_EPOCH, T_mult=2, eta_min=0.05 * BASE),
    ),
    "one_cycle": (
        {"rise": 0.25, "start_divisor": 20, "end_divisor": 100},
        lambda o: torchs.OneCycleLR(o, BASE, TOTAL, pct_start=0.25, div_factor=20, final_div_factor=100, cycle_momentum=False),
    ),
}


KINDS = {cls.model_fields["kind"].default for cls in classes(RunSettings.model_fields["schedule"])}
TESTED_BELOW = {"exponential", "plateau", "inverse_sqrt", "warmup_stable_decay", "range_test"}
"""Torch steps two of them otherwise, and lacks the others."""


def test_every_schedule_is_held_against_torch_or_has_a_test_of_its_own():
    assert {*TORCH, *TESTED_BELOW} == KINDS


@pytest.mark.parametrize("kind", TORCH)
def test_the_factor_is_torchs_at_every_update(kind):
    settings, build = TORCH[kind]
    ours = [BASE * schedule(kind=kind, **settings).factor(step, STEPS_PER_EPOCH, TOTAL) for step in range(TOTAL)]
    np.testing.assert_allclose(ours, rates_of_torch(build), rtol=1e-9, atol=1e-12)


def test_the_exponential_schedule_is_torchs_stepped_once_an_epoch():
    ours = [BASE * schedule(kind="exponential", gamma=0.8).factor(step, STEPS_PER_EPOCH, TOTAL) for step in range(TOTAL)]
    np.testing.assert_allclose(ours, each_epoch(lambda o: torchs.ExponentialLR(o, gamma=0.8)), rtol=1e-9)


def test_the_plateau_schedule_follows_torchs_on_a_noisy_loss():
    rng = np.random.default_rng(3)
    losses = np.exp(-np.arange(60) / 15) + 0.2 + 0.05 * rng.random(60)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    theirs = torchs.ReduceLROnPlateau(optimizer, factor=0.3, patience=2, threshold=1e-3, cooldown=3, eps=0)
    ours = Plateau(gamma=0.3, patience=2, threshold=1e-3, cooldown=3)
    state, factors = PlateauState(), []
    for loss in losses:
        theirs.step(loss)
        state = ours.update(state, loss)
        factors.append(state.factor)
        assert BASE * state.factor == pytest.approx(optimizer.param_groups[0]["lr"])
    assert len(set(factors)) > 3, "the loss must have plateaus for this test to say something"


def test_inverse_square_root_halves_after_three_horizons():
    chosen = schedule(kind="inverse_sqrt", horizon=2)
    assert chosen.factor(0, STEPS_PER_EPOCH, TOTAL) == 1
    assert chosen.factor(3 * 2 * STEPS_PER_EPOCH, STEPS_PER_EPOCH, TOTAL) == pytest.approx(0.5)


def test_warmup_stable_decay_is_flat_then_a_line_to_the_end():
    chosen = schedule(kind="warmup_stable_decay", warmup=0, decay_share=0.25, final=0.2)
    factors = [chosen.factor(step, STEPS_PER_EPOCH, TOTAL) for step in range(TOTAL + 1)]
    assert factors[: 63 + 1] == [1.0] * 64
    np.testing.assert_allclose(np.diff(factors[63:]), -0.8 / 21)
    assert factors[-1] == pytest.approx(0.2)


def test_the_range_test_rises_by_one_factor_from_its_first_to_its_last_rate():
    chosen = schedule(kind="range_test", first=1e-3, last=10)
    factors = np.array([chosen.factor(step, STEPS_PER_EPOCH, TOTAL) for step in range(TOTAL)])
    assert factors[0] == pytest.approx(1e-3)
    assert factors[-1] == pytest.approx(10)
    np.testing.assert_allclose(factors[1:] / factors[:-1], (10 / 1e-3) ** (1 / (TOTAL - 1)))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("warmup", [0, 1.5, 30])
def test_every_schedule_is_finite_and_warms_up_in_a_straight_line(kind, warmup):
    chosen = schedule(kind=kind, warmup=warmup)
    factors = [chosen.factor(step, STEPS_PER_EPOCH, TOTAL) for step in range(TOTAL + 1)]
    assert all(math.isfinite(factor) and factor >= 0 for factor in factors)
    rise = min(round(warmup * STEPS_PER_EPOCH), TOTAL)
    np.testing.assert_allclose(factors[:rise], [(step + 1) / (round(warmup * STEPS_PER_EPOCH) + 1) for step in range(rise)])
