"""The spread of mini-batch gradients, against the closed form and against torch one batch at a time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.labs.optimization import gradient_noise
from core.settings import RunSettings


def run(**more):
    return RunSettings.model_validate({"data": {"kind": "iris"}, "model": {"kind": "mlp", "hidden": [7]}, **more})


def test_with_replacement_the_noise_falls_as_one_over_the_root_of_the_batch():
    found = gradient_noise.measure(run(), draws=400)
    assert found.slope == pytest.approx(-0.5, abs=0.06)
    assert list(found.table["expected"] * np.sqrt(found.table["batch_size"])) == pytest.approx([found.sigma] * len(found.table))
    assert list(found.table["noise"]) == pytest.approx(list(found.table["expected"]), rel=0.15)
    inside = (found.table["ci_low"] <= found.table["expected"]) & (found.table["expected"] <= found.table["ci_high"])
    assert inside.mean() > 0.7, found.table


def test_without_replacement_it_is_less_by_the_finite_population_and_none_for_all_examples():
    found = gradient_noise.measure(run(), draws=400, replacement=False)
    examples = found.examples
    sizes = found.table["batch_size"].to_numpy()
    closed = found.sigma / np.sqrt(sizes) * np.sqrt((examples - sizes) / (examples - 1))
    assert list(found.table["expected"]) == pytest.approx(list(closed))
    assert list(found.table["noise"][:-1]) == pytest.approx(list(closed[:-1]), rel=0.15)
    assert found.table["noise"].iloc[-1] == 0


@pytest.mark.parametrize(
    "settings", [{}, {"data": {"kind": "diabetes"}}, {"model": {"kind": "linear"}}], ids=["mlp", "regression", "linear"]
)
def test_sigma_and_the_gradient_are_those_of_torch_one_example_at_a_time(settings):
    found = gradient_noise.measure(run(**settings), draws=2)
    split = load_data(run(**settings).data)
    model = build_model(run(**settings))
    x, y = torch.tensor(split.x_train, dtype=torch.float32), torch.tensor(split.y_train)
    regression = y.is_floating_point()
    loss_of = torch.nn.MSELoss() if regression else torch.nn.CrossEntropyLoss()
    rows = []
    for place in range(len(x)):
        model.zero_grad()
        out = model(x[place : place + 1])
        loss_of(out[:, 0] if regression else out, y[place : place + 1].to(out.dtype if regression else y.dtype)).backward()
        rows.append(torch.cat([parameter.grad.reshape(-1) for parameter in model.parameters()]))
    each = torch.stack(rows)
    assert found.gradient == pytest.approx(float(each.mean(0).norm()), rel=1e-4)
    assert found.sigma == pytest.approx(float((each - each.mean(0)).square().sum(1).mean().sqrt()), rel=1e-4)
    assert found.noise_scale == pytest.approx(found.sigma**2 / found.gradient**2)


def test_batch_norm_mixes_the_examples_so_there_is_no_closed_form():
    found = gradient_noise.measure(run(model={"kind": "mlp", "hidden": [7], "normalization": "batch"}), draws=8)
    assert found.table["batch_size"].iloc[0] == 2
    assert math.isnan(found.sigma)
    assert (found.table["noise"] > 0).all()


def test_the_averaged_gradients_are_those_of_the_batches(monkeypatch):
    direct = gradient_noise.measure(run(), draws=5)
    monkeypatch.setattr(gradient_noise, "MOST_NUMBERS", 0)
    slow = gradient_noise.measure(run(), draws=5)
    assert list(slow.table["noise"]) == pytest.approx(list(direct.table["noise"]), rel=1e-3)


def test_the_slope_is_that_of_the_line():
    sizes = np.array([1, 2, 4, 8, 512])
    table = pd.DataFrame({"batch_size": sizes, "noise": 3 * sizes**-0.7})
    assert gradient_noise.fitted_slope(table, 1000) == pytest.approx((-0.7, math.log10(3)))
    assert all(map(math.isnan, gradient_noise.fitted_slope(table[:1], 1000)))


@pytest.mark.parametrize(("examples", "expected"), [(1, [1]), (8, [1, 2, 4, 8]), (11, [1, 2, 4, 8, 11])])
def test_the_sizes_are_powers_of_two_and_all_examples(examples, expected):
    assert gradient_noise.sizes(examples) == expected


def test_one_draw_has_no_spread():
    with pytest.raises(ValueError, match="at least 2"):
        gradient_noise.measure(run(), draws=1)
