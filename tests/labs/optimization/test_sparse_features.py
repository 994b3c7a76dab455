"""Errors of a linear model's weights by how rare their features are."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LinearRegression

from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.labs.optimization import sparse_features
from core.labs.optimization.sparse_features import LEAST_SQUARES, OPTIMIZERS, THIRDS


def test_every_optimizer_has_an_error_for_each_third_and_seed():
    found = sparse_features.errors(2, epochs=1)
    assert set(found["optimizer"]) == {*OPTIMIZERS, LEAST_SQUARES}
    assert len(found) == len(found.drop_duplicates(["optimizer", "seed", "third"])) == (len(OPTIMIZERS) + 1) * len(THIRDS) * 2
    assert found["error"].between(0, 2).all()


def test_the_last_third_is_the_rarest():
    x_ND = load_data(sparse_features.run("SGD", 3).data).x_train
    common, middle, rare = (part.mean() for part in np.array_split(x_ND.mean(0), 3))
    assert common > 2 * middle > 2 * rare > 0


def test_least_squares_are_those_of_scikit_learn():
    split = load_data(sparse_features.run("SGD", 3).data)
    known_D = LinearRegression().fit(split.x_train, split.y_train).coef_
    np.testing.assert_allclose(sparse_features.least_squares(3), known_D, atol=1e-6)


def test_the_error_is_the_distance_to_the_teacher_that_made_the_data():
    rows = sparse_features._by_third("any", 5, load_data(sparse_features.run("SGD", 5).data).truth + 0.5)
    assert [row["error"] for row in rows] == [0.5, 0.5, 0.5]


def test_a_seed_draws_data_of_its_own_and_a_start_of_its_own():
    one, other = sparse_features.run("Adam", 0), sparse_features.run("Adam", 1)
    assert not np.array_equal(load_data(one.data).truth, load_data(other.data).truth)
    starts = [next(build_model(run).parameters()).detach().numpy() for run in (one, other)]
    assert not np.array_equal(*starts)
