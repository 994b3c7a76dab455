"""The weights against strength: the engine's minima are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge

from core.data.loading import load_data
from core.labs.regularization import regularization_path as lab
from core.runs.compare import compare


def trained(informative: int = 10, noise: float = 0.5, samples: int = 500) -> lab.Paths:
    asked = lab.comparison(informative, noise, samples)
    result = compare(asked, progress=False)
    weights = {run.key: next(result.model(run).parameters()).detach().numpy().ravel() for run in asked.runs()}
    return lab.paths(asked, weights, result.history)


@pytest.fixture(scope="module")
def found() -> lab.Paths:
    return trained()


@pytest.fixture(scope="module")
def training():
    split = load_data(lab.comparison().base.data)
    return split.x_train, split.y_train


def weights(found: lab.Paths, penalty: str, strength: float) -> np.ndarray:
    rows = found.weights[(found.weights["penalty"] == penalty) & (found.weights["strength"] == strength)]
    return rows["weight"].to_numpy()


@pytest.mark.parametrize("strength", lab.STRENGTHS)
def test_the_proximal_path_is_the_lasso_with_its_zeros(found, training, strength):
    expected = Lasso(alpha=strength / 2, tol=1e-9, max_iter=100_000).fit(*training).coef_
    weight = weights(found, "l1_proximal", strength)
    assert weight == pytest.approx(expected, abs=1e-4)
    assert ((weight != 0) == (expected != 0)).mean() >= 0.99


@pytest.mark.parametrize("strength", lab.STRENGTHS)
def test_the_subgradient_comes_near_the_lasso_without_a_zero(found, training, strength):
    expected = Lasso(alpha=strength / 2, tol=1e-9, max_iter=100_000).fit(*training).coef_
    weight = weights(found, "l1", strength)
    assert weight == pytest.approx(expected, abs=0.03)
    assert (weight != 0).all()


@pytest.mark.parametrize("strength", lab.STRENGTHS)
def test_the_squared_path_is_ridge_regression(found, training, strength):
    expected = Ridge(alpha=len(training[1]) * strength).fit(*training).coef_
    assert weights(found, "l2_squared", strength) == pytest.approx(expected, abs=1e-4)


def test_the_plain_norm_of_all_weights_drops_all_or_none(found):
    for strength in lab.STRENGTHS:
        assert (weights(found, "l2_norm_proximal", strength) != 0).mean() in (0.0, 1.0)
    assert not weights(found, "l2_norm_proximal", lab.STRENGTHS[-1]).any()


def test_the_scores_are_those_of_the_weights(found, training):
    row = found.scores[(found.scores["penalty"] == "l1_proximal")].iloc[6]
    weight = weights(found, "l1_proximal", row["strength"])
    x, y = training
    error = y - x @ weight
    assert row["train_loss"] == pytest.approx(np.mean((error - error.mean()) ** 2), rel=1e-4)
    assert (row["found"], row["wrong"]) == ((weight[:10] != 0).sum(), (weight[10:] != 0).sum())


@pytest.mark.parametrize(("informative", "noise", "samples"), [(1, 0.0, 300), (50, 3.0, 300), (50, 0.0, 1000)])
def test_nothing_explodes_at_the_ends_of_the_sliders(informative, noise, samples):
    scores = trained(informative, noise, samples).scores
    assert scores[["train_loss", "val_loss"]].notna().all().all()
    assert scores["train_loss"].max() < 1.01, "the targets have variance 1: no penalised fit is worse than their mean"
