"""The online problem of Reddi et al., against their update rules written out, and against what they publish."""

from __future__ import annotations

import numpy as np
import pytest

from core.labs.optimization import online_problem
from core.labs.optimization.online_problem import Online

PUBLISHED = Online(large=1010.0, small=10.0, period=101, betas=(0.9, 0.99), steps=200_000)
"""The problem of the paper's section 5."""


def written_out(problem, amsgrad, steps):
    """Adam and AMSGrad as in the paper's algorithms, with the bias corrections that torch has; plain floats."""
    (b1, b2), x, m, v, v_max, found = problem.betas, problem.start, 0.0, 0.0, 0.0, [problem.start]
    for t, g in enumerate(online_problem.gradients(problem)[:steps].tolist(), start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        v_max = max(v_max, v)
        root = ((v_max if amsgrad else v) / (1 - b2**t)) ** 0.5
        x -= problem.lr / t**0.5 * m / (1 - b1**t) / (root + 1e-8)
        x = min(max(x, -1.0), 1.0)
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("name", ["Adam", "AMSGrad"])
@pytest.mark.parametrize("problem", [Online(steps=300), PUBLISHED.model_copy(update={"steps": 300})], ids=["theorem", "section 5"])
def test_the_steps_are_those_of_the_paper(name, problem):
    found = online_problem.walk(problem, name, online_problem.gradients(problem))
    np.testing.assert_allclose(found, written_out(problem, name == "AMSGrad", 300), rtol=1e-9, atol=1e-9)


def end(problem, name):
    return online_problem.walk(problem, name, online_problem.gradients(problem))[-1]


def test_adam_goes_to_the_wrong_end_and_amsgrad_to_the_right_one():
    """Theorem 1: Adam's average regret does not go to 0."""
    problem = Online()
    ends = {name: end(problem, name) for name in ("Adam", "AMSGrad", "SGD")}
    assert online_problem.best_end(problem) == -1
    assert ends["Adam"] > 0.99
    assert ends["AMSGrad"] < -0.9
    assert ends["SGD"] < -0.9


def test_the_published_problem_ends_as_published():
    """Figure 1 of the paper: with 1010, -10 and betas 0.9, 0.99 Adam goes to 1 and AMSGrad to -1."""
    ends = [written_out(PUBLISHED, amsgrad, PUBLISHED.steps)[-1] for amsgrad in (False, True)]
    assert ends[0] > 0.98
    assert ends[1] < -0.98


def test_with_a_long_memory_adam_goes_to_the_right_end():
    assert end(Online(betas=(0.9, 0.999)), "Adam") < -0.99


def test_a_path_has_its_regret_and_its_last_step():
    problem = Online(steps=1_500)
    found = online_problem.paths(problem, ("SGD", "Adam"))
    sgd = found[found["optimizer"] == "SGD"]
    assert sgd["step"].iloc[-1] == 1_500
    assert len(sgd) <= online_problem.MOST_ROWS + 1
    x, g = online_problem.walk(problem, "SGD", online_problem.gradients(problem)), online_problem.gradients(problem)
    assert sgd["x"].tolist() == x[sgd["step"]].tolist()
    assert sgd["regret"].iloc[-1] == pytest.approx(sum(gradient * (place + 1) for gradient, place in zip(g, x, strict=False)) / 1_500)
    adam = found[found["optimizer"] == "Adam"]["regret"].iloc[-1]
    assert adam > 0.5 > 0.1 > sgd["regret"].iloc[-1]


def test_the_order_may_be_random_and_comes_from_the_seed():
    problem = Online(order="random", steps=600)
    one, again, other = (online_problem.gradients(problem, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one == 3).mean() == pytest.approx(1 / 3, abs=0.06)
    assert set(one) == {3, -1}


@pytest.mark.parametrize(("large", "period", "end"), [(3.0, 3, -1), (3.0, 5, 1), (3.0, 4, 0)])
def test_the_best_end_is_that_of_the_sum(large, period, end):
    assert online_problem.best_end(Online(large=large, period=period)) == end


@pytest.mark.parametrize("name", online_problem.NAMES)
def test_every_optimizer_stays_inside(name):
    problem = Online(steps=50, lr=5.0)
    found = online_problem.walk(problem, name, online_problem.gradients(problem))
    assert len(found) == 51
    assert np.abs(found).max() <= 1
