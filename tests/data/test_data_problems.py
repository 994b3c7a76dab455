"""Made problems against the formulas that they promise, and against scikit-learn where it can find the answer."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor

from core.data.loading import load_data
from core.data.sets import Adding, Copy, Data, Diabetes, Imbalanced, Informative, Zipf
from core.data.sets.base import MOST_NUMBERS, MadeRegression


def whole(data):
    """x, y of all examples, in the parts' order."""
    split = load_data(data)
    return tuple(np.concatenate([getattr(split, f"{name}_{part}") for part in ("train", "val", "test")]) for name in "xy")


# Linear teachers


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("kind", [Zipf, Informative], ids=["zipf", "informative"])
def test_a_linear_regression_finds_the_truth_in_any_units(kind, scale):
    split = load_data(kind(samples=400, features=12, noise=0, scale=scale, data_seed=3) if kind is Zipf else kind(noise=0, scale=scale))
    fit = LinearRegression().fit(split.x_train, split.y_train)
    np.testing.assert_allclose(fit.coef_, split.truth, atol=1e-9)
    assert fit.score(split.x_test, split.y_test) == pytest.approx(1)


def test_the_truth_of_a_classification_tells_the_classes_but_for_a_constant():
    split = load_data(Informative(samples=4000, features=20, informative=4, noise=0, task="classification", scale="minmax"))
    assert split.outputs == 2
    fit = LogisticRegression(C=1e4, max_iter=2000).fit(split.x_train, split.y_train)
    cosine = fit.coef_[0] @ split.truth / np.linalg.norm(fit.coef_) / np.linalg.norm(split.truth)
    assert cosine > 0.999
    raw = load_data(Informative(samples=4000, features=20, informative=4, noise=0, task="classification", scale="none"))
    assert np.array_equal(raw.x_test @ raw.truth > 0, raw.y_test == 1)


def test_only_the_first_features_are_informative():
    split = load_data(Informative(scale="none"))
    assert split.shape == (100,)
    informative = np.abs(split.truth[:10])
    assert informative.min() >= 0.5
    assert informative.max() <= 1.5
    assert not split.truth[10:].any()
    assert len(set(np.sign(split.truth[:10]))) == 2


@pytest.mark.parametrize("kind", [Zipf, Informative], ids=["zipf", "informative"])
def test_noise_is_what_a_perfect_student_leaves_over(kind):
    x, y = whole(kind(samples=5000, features=20, noise=0.7, scale="none"))
    truth = load_data(kind(samples=5000, features=20, noise=0.7, scale="none")).truth
    assert (y - x @ truth).std() == pytest.approx(0.7, rel=0.05)


def test_zipf_features_are_zeros_and_ones_with_the_promised_frequencies():
    data = Zipf(samples=20_000, features=50, exponent=1.2)
    x, _ = whole(data)
    assert set(np.unique(x)) == {0.0, 1.0}
    np.testing.assert_allclose(data.frequencies, [0.5 / rank**1.2 for rank in range(1, 51)])
    error = np.sqrt(data.frequencies * (1 - data.frequencies) / 20_000)
    assert (np.abs(x.mean(0) - data.frequencies) < 4.5 * error).all()


def test_an_exponent_of_zero_makes_all_features_as_common():
    assert set(Zipf(exponent=0).frequencies) == {0.5}


def test_the_truth_cannot_be_written_and_is_none_where_there_is_no_teacher():
    with pytest.raises(ValueError, match="read-only"):
        load_data(Zipf(samples=50)).truth[0] = 1
    assert load_data(Copy(samples=50)).truth is None


# Sequences


@pytest.mark.parametrize("steps", [2, 9, 50])
def test_the_target_of_the_adding_problem_is_the_sum_of_two_marked_values(steps):
    x, y = whole(Adding(samples=600, steps=steps))
    values, markers = np.moveaxis(x.reshape(len(x), steps, 2), 2, 0)
    half = steps // 2
    assert set(np.unique(markers)) <= {0.0, 1.0}
    assert (markers[:, :half].sum(1) == 1).all()
    assert (markers[:, half:].sum(1) == 1).all()
    assert (markers.sum(0) > 0).all()  # any step of either half may be marked
    assert 0 <= values.min() < values.max() < 1
    np.testing.assert_allclose(y, [row[mark == 1].sum() for row, mark in zip(values, markers, strict=True)])


def test_always_saying_one_has_an_error_of_a_sixth_on_the_adding_problem():
    _, y = whole(Adding(samples=20_000, steps=10))
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, abs=0.005)  # three standard errors are 0.004


def test_a_sequence_to_copy_is_symbols_blanks_go_and_blanks():
    data = Copy(samples=300, symbols=5, length=3, delay=4)
    split = load_data(data)
    tokens = split.x_train.reshape(-1, *split.shape).argmax(2)
    assert (split.x_train.reshape(-1, *split.shape).sum(2) == 1).all()
    assert np.array_equal(tokens[:, :3], split.y_train)
    blank, go = 5, 6
    assert (tokens[:, 3:6] == blank).all()
    assert (tokens[:, 6] == go).all()
    assert (tokens[:, 7:] == blank).all()
    assert tokens.shape[1] == 4 + 2 * 3
    assert split.class_names == ("0", "1", "2", "3", "4")
    assert split.feature_names[:7] == ("t1=0", "t1=1", "t1=2", "t1=3", "t1=4", "t1=blank", "t1=go")


def test_the_symbols_to_copy_are_even_and_independent():
    _, y = whole(Copy(samples=8000, symbols=4, length=2, delay=1))
    pairs = np.bincount(y[:, 0] * 4 + y[:, 1], minlength=16)
    assert ((pairs - 500) ** 2 / 500).sum() < 37.7  # chi-squared of 15 degrees of freedom: below that in 999 of 1000


def test_label_noise_changes_positions_not_examples():
    clean, noisy = load_data(Copy(samples=200)), load_data(Copy(samples=200, label_noise=0.1))
    assert (clean.y_train != noisy.y_train).sum() == round(0.1 * clean.y_train.size)
    assert noisy.y_train.shape == clean.y_train.shape
    assert np.array_equal(clean.y_val, noisy.y_val)


# Imbalanced classes


@pytest.mark.parametrize(("classes", "share"), [(2, 0.05), (4, 0.11), (2, 0.5)])
def test_the_last_class_is_as_rare_as_asked_in_every_part(classes, share):
    split = load_data(Imbalanced(samples=1000, classes=classes, rare_share=share))
    counts = sum(np.bincount(y, minlength=classes) for y in (split.y_train, split.y_val, split.y_test))
    assert counts[-1] == round(share * 1000)
    assert np.ptp(counts[:-1]) <= 1
    for y in (split.y_train, split.y_val, split.y_test):
        assert abs((y == classes - 1).sum() - share * len(y)) <= 1


def test_clouds_stand_on_the_circle_and_other_features_are_noise():
    x, y = whole(Imbalanced(samples=20_000, classes=3, rare_share=0.2, features=4, noise=0.5, scale="none"))
    centres = np.array([x[y == index].mean(0) for index in range(3)])
    angle = 2 * np.pi * np.arange(3) / 3
    np.testing.assert_allclose(centres, np.column_stack([np.cos(angle), np.sin(angle), 0 * angle, 0 * angle]), atol=0.04)
    assert (x - centres[y]).std(0) == pytest.approx(np.full(4, 0.5), rel=0.03)


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Informative(features=5, informative=6), "informative: 6 of 5 features is impossible"),
        (lambda: Imbalanced(rare_share=0.5, classes=3), r"rare_share: 0\.5 is above an equal share of 3 classes"),
        (lambda: Imbalanced(samples=60), r"0\.05 of 60 examples are 3, but 5 are needed"),
        (lambda: Adding(samples=100_000, steps=1000), "samples: 100,000 examples of 2,000 numbers each.*Choose 5,000 examples or fewer"),
        (lambda: Copy(samples=100_000), "exceed the limit of 10,000,000 numbers"),
        (lambda: Adding(steps=1), "steps"),
        (lambda: Copy(delay=0), "delay"),
    ],
)
def test_settings_that_cannot_be_made_are_refused(make, message):
    with pytest.raises(ValidationError, match=message):
        make()


def test_the_largest_that_is_allowed_is_the_limit_itself():
    assert math.prod(Adding(samples=5000, steps=1000).shape) * 5000 == MOST_NUMBERS


MADE_REGRESSIONS = [cls for cls in get_args(get_args(Data)[0]) if issubclass(cls, MadeRegression)]


@pytest.mark.parametrize("scale", ["standard", "none"])
@pytest.mark.parametrize("cls", MADE_REGRESSIONS, ids=lambda cls: cls.model_fields["kind"].default)
def test_exactly_that_share_of_the_training_targets_moves_by_ten_deviations_either_way(cls, scale):
    clean, moved, more = (load_data(cls(samples=400, scale=scale, outliers=share)) for share in (0, 0.1, 0.3))
    by = (moved.y_train - clean.y_train) / clean.y_train.std()
    wrong = by != 0
    assert wrong.sum() == round(0.1 * len(by))
    np.testing.assert_allclose(np.abs(by[wrong]), 10, rtol=1e-12)
    assert set(np.sign(by[wrong])) == {-1, 1}
    assert np.array_equal(more.y_train[wrong], moved.y_train[wrong])
    assert (more.y_train != clean.y_train).sum() == round(0.3 * len(by))
    assert np.array_equal(clean.y_val, moved.y_val)
    assert np.array_equal(clean.y_test, moved.y_test)
    assert np.array_equal(clean.x_train, moved.x_train)
    assert (clean.target_unit, clean.target_mean) == (moved.target_unit, moved.target_mean)


def test_a_least_squares_line_is_moved_by_them_and_one_of_the_absolute_error_is_not():
    split = load_data(Informative(features=5, informative=2, noise=0.1, outliers=0.1, samples=500))
    squares = LinearRegression().fit(split.x_train, split.y_train).coef_
    absolute = QuantileRegressor(quantile=0.5, alpha=0.0).fit(split.x_train, split.y_train).coef_
    assert np.abs(absolute - split.truth).max() < 0.02 < np.abs(squares - split.truth).max()


def test_data_with_classes_or_that_are_not_made_have_no_outliers():
    with pytest.raises(ValidationError, match="moves numeric targets, but here the targets are classes"):
        Informative(task="classification", outliers=0.1)
    with pytest.raises(ValidationError, match="outliers"):
        Diabetes(outliers=0.1)
    with pytest.raises(ValidationError, match=r"less than or equal to 0\.5"):
        Zipf(outliers=0.6)
    assert Zipf(outliers=0.0).identity() == {"kind": "zipf"}
