"""Paths on surfaces: the very steps of torch's optimizers, and what is known of them in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from core.labs.optimization import paths, surfaces
from core.settings import RunSettings
from core.ui.form import fields

KINDS = [kind for kind in fields.kinds(RunSettings, "optimizer") if kind not in paths.EXCLUDED]
PLAIN = {
    "sgd": ({"lr": 1e-3, "momentum": 0.9, "nesterov": True}, torch.optim.SGD),
    "adam": ({"lr": 0.03, "betas": (0.8, 0.95)}, torch.optim.Adam),
    "rmsprop": ({"lr": 0.02, "centered": True}, torch.optim.RMSprop),
    "adagrad": ({"lr": 0.3}, torch.optim.Adagrad),
    "rprop": ({"lr": 0.02}, torch.optim.Rprop),
    "nadam": ({"lr": 0.02}, torch.optim.NAdam),
}


def walk(name, steps, kind, noise=0.0, seed=0, start=None, **settings):
    surface = surfaces.make(name)
    return paths.path(surface, paths.optimizer_of({"kind": kind, **settings}), start or surface.start, steps, noise=noise, seed=seed)


def places(path):
    return path[["x", "y"]].to_numpy()


@pytest.mark.parametrize("kind", PLAIN)
def test_a_path_is_that_of_the_torch_optimizer_run_plainly(kind):
    settings, cls = PLAIN[kind]
    w = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer, expected = cls([w], **settings), [[-1.5, 2.0]]
    for _ in range(37):
        optimizer.zero_grad()
        ((1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2).backward()
        optimizer.step()
        expected.append(w.tolist())
    np.testing.assert_allclose(places(walk("rosenbrock", 37, kind, **settings)), expected, rtol=1e-9, atol=1e-12)


def test_lbfgs_walks_by_its_closure():
    path = walk("rosenbrock", 15, "lbfgs", max_iter=3)
    w = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], lr=1.0, max_iter=3, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
        loss.backward()
        return loss

    for _ in range(15):
        optimizer.step(closure)
    np.testing.assert_allclose(places(path)[-1], w.tolist(), atol=1e-9)
    assert path["evaluations"].iloc[-1] > 15, "it asks for several gradients a step"


@pytest.mark.parametrize("lr", [0.01, 0.06, 0.099])
def test_sgd_on_the_quadratic_shrinks_each_axis_by_one_minus_lr_times_its_curvature(lr):
    path = walk("quadratic", 30, "sgd", lr=lr)
    t = np.arange(31)
    expected = np.stack([-2.5 * (1 - lr) ** t, 1.5 * (1 - 20 * lr) ** t], axis=1)
    np.testing.assert_allclose(places(path), expected, rtol=1e-9, atol=1e-14)


def test_sgd_diverges_above_two_over_the_largest_curvature_and_says_so():
    path = walk("quadratic", 400, "sgd", lr=0.12)
    assert path["status"].iloc[-1] == "diverged"
    assert set(path["status"].iloc[:-1]) == {"running"}
    assert len(path) < 401, "it ends where it diverged"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", surfaces.NAMES)
def test_every_kind_has_a_path_on_every_surface(name, kind):
    path = walk(name, 7, kind, noise=0.5, seed=4)
    assert path["step"].iloc[0] == 0
    assert tuple(path[["x", "y"]].iloc[0]) == surfaces.make(name).start
    assert path["status"].iloc[-1] in ("finished", "diverged")
    finite = path[np.isfinite(path["x"])]
    assert list(finite["loss"]) == pytest.approx([surfaces.make(name).loss(x, y) for x, y in places(finite)])


def test_noise_comes_from_its_seed_and_is_the_same_for_all():
    one, again, other = (walk("noisy valley", 12, "sgd", noise=1.0, seed=seed, lr=0.1) for seed in (5, 5, 6))
    assert one.equals(again)
    assert not np.allclose(places(one), places(other))
    longer = walk("noisy valley", 20, "sgd", noise=1.0, seed=5, lr=0.1)
    assert np.array_equal(places(longer)[:13], places(one)), "more steps change nothing of the first ones"
    tilt = np.random.default_rng(5).standard_normal((12, 2))[0]
    gradient = np.array([-5.0 / 10, 5 * 2.0])
    assert places(one)[1] == pytest.approx(np.array([-5.0, 2.0]) - 0.1 * (gradient + tilt))


def test_what_averages_is_shown_at_its_average():
    path = walk("quadratic", 1, "schedule_free_adamw", lr=0.1)
    assert places(path)[1] == pytest.approx([-2.4, 1.4], abs=1e-3), "the first average is the first step, of Adam's length"


@pytest.mark.parametrize("kind", paths.EXCLUDED)
def test_kinds_that_make_no_sense_on_two_numbers_are_refused(kind):
    with pytest.raises(ValueError, match=r"\w+"):
        walk("quadratic", 3, kind)


def test_a_path_that_would_take_too_long_is_refused():
    with pytest.raises(ValueError, match="too many"):
        walk("quadratic", 400, "lbfgs", max_iter=1000)


def test_the_values_at_a_step_are_those_of_its_row_or_of_the_last_before():
    quick, ended = walk("quadratic", 40, "sgd", lr=0.09), walk("quadratic", 40, "sgd", lr=10.0)
    both = pd.concat([quick.assign(variant="quick"), ended.assign(variant="ended")])
    table = paths.at_step(both, 30).set_index("variant")
    assert table.loc["quick", "x"] == quick["x"].iloc[30]
    assert table.loc["ended", "status"] == "diverged"
    assert table.loc["ended", "step"] == ended["step"].iloc[-1] < 30
    first = next(step for step in range(41) if quick["excess"].iloc[step] <= 1e-3 * quick["excess"].iloc[0])
    assert first <= 30
    assert table.loc["quick", "reached"] == first
    assert pd.isna(table.loc["ended", "reached"])
    assert paths.at_step(both, first - 1)["reached"].isna().all(), "it is not told before it is so"
