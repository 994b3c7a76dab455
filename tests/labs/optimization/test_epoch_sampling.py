"""Epochs beside sampling with replacement: plain loops by torch, scikit-learn's least squares, and the closed form of what is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.linear_model import LinearRegression

from core.labs.optimization import epoch_sampling as lab

SEEDS = range(100, 108)


def test_the_optimum_is_scikit_learns():
    x, y, best = lab.problem()
    fitted = LinearRegression().fit(x[:, :-1], y)
    np.testing.assert_allclose(best, [*fitted.coef_, fitted.intercept_], atol=1e-10)
    assert x.shape == (800, 11)


@pytest.mark.parametrize("sampling", lab.SAMPLINGS)
def test_a_run_of_the_stack_is_a_plain_torch_loop(sampling):
    found = lab.distances(lr=0.01, epochs=3, batch=33, seeds=(4, 9))
    x, y, best = (torch.tensor(part) for part in lab.problem())
    w = torch.zeros(11, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01)
    for order in lab.orders(sampling, 9, 800, epochs=3):
        for batch in torch.tensor(order).split(33):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(x[batch] @ w, y[batch]).backward()
            optimizer.step()
    last = found[(found["sampling"] == sampling) & (found["seed"] == 9)].iloc[-1]
    assert last["distance"] == pytest.approx(float((w.detach() - best).norm()), rel=1e-9)
    with torch.no_grad():
        excess = torch.nn.functional.mse_loss(x @ w, y) - torch.nn.functional.mse_loss(x @ best, y)
    assert last["excess"] == pytest.approx(float(excess), rel=1e-6)
    assert last["updates"] == 3 * 25


def test_an_epoch_sees_each_example_once():
    for epoch in lab.orders("reshuffle", 3, 50, epochs=4):
        assert sorted(epoch) == list(range(50))
    assert any(len(set(epoch)) < 50 for epoch in lab.orders("with_replacement", 3, 50, epochs=4))


def test_with_replacement_the_share_seen_is_the_closed_form():
    shares = [lab.share_seen(seed) for seed in SEEDS]
    assert np.mean(shares) == pytest.approx(lab.expected_share(800, 800), abs=0.01)
    assert np.mean(shares) == pytest.approx(0.632, abs=0.01)


def test_the_expected_share_is_that_of_the_binomial_and_its_limit():
    assert lab.expected_share(7, 12) == pytest.approx(1 - stats.binom.pmf(0, 12, 1 / 7))
    assert lab.expected_share(10**6, 10**6) == pytest.approx(1 - np.exp(-1), abs=1e-6)


def test_at_a_small_rate_reshuffling_ends_nearer_and_at_a_large_one_the_order_does_not_matter():
    small, large = lab.distances(seeds=SEEDS), lab.distances(lr=0.1, epochs=6, seeds=SEEDS)
    assert ratio(lab.last_distances(small)) < 0.5
    late = small[small["epoch"] > lab.EPOCHS * 2 / 3].pivot_table(index="seed", columns="sampling", values="excess")
    assert ratio(late) < 0.5
    assert 0.5 < ratio(lab.last_distances(large)) < 2


def ratio(sides) -> float:
    """Geometric mean over the seeds."""
    return float(np.exp(np.log(sides["reshuffle"] / sides["with_replacement"]).mean()))


def test_sides_are_paired_by_seed_and_a_seed_repeats_itself():
    one, two = lab.distances(epochs=2, seeds=(3,)), lab.distances(epochs=2, seeds=(3, 5))
    np.testing.assert_allclose(lab.last_distances(two).loc[3], lab.last_distances(one).loc[3], rtol=1e-12)
    assert lab.last_distances(two).index.tolist() == [3, 5]
