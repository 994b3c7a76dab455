from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from mnist1d.data import get_dataset_args, make_dataset
from pydantic import TypeAdapter, ValidationError
from sklearn.datasets import load_diabetes, load_digits, load_wine, make_moons
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from core.data.loading import DataError, Split, load_data
from core.data.sets import (
    Adding,
    Blobs,
    BreastCancer,
    Circles,
    Copy,
    Data,
    DataChoice,
    Diabetes,
    Digits,
    Drawn,
    Imbalanced,
    Informative,
    Iris,
    Mnist1d,
    Moons,
    Spirals,
    Wine,
    Xor,
    Zipf,
)
from core.data.sets.base import MadeData

# Every kind but those that are fetched, with the number of its classes; sizes and shares differ so that a mixed-up part or axis shows.
KINDS = [
    (Digits(), 10),
    (BreastCancer(), 2),
    (Wine(), 3),
    (Iris(), 3),
    (Diabetes(), 1),
    (Moons(samples=101), 2),
    (Circles(samples=103), 2),
    (Spirals(samples=107, classes=4), 4),
    (Xor(samples=109), 2),
    (Blobs(samples=113, classes=5), 5),
    (Drawn(noise=0.1), 2),
    (Mnist1d(samples=300), 10),
    (Imbalanced(samples=211, classes=3, features=5, rare_share=0.1), 3),
    (Zipf(samples=127, features=7), 1),
    (Informative(samples=131, features=11, informative=3), 1),
    (Adding(samples=137, steps=6), 1),
    (Copy(samples=139, symbols=4, length=3, delay=2), 4),
]
SHAPES = {
    "digits": (1, 8, 8),
    "mnist1d": (1, 40),
    "adding": (6, 2),
    "copy": (8, 6),
}
"""Of the kinds whose examples are no plain rows of features."""


def kind(value: object) -> str:
    return value.kind if isinstance(value, DataChoice) else ""


def parts(split: Split) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(split.x_train, split.y_train), (split.x_val, split.y_val), (split.x_test, split.y_test)]


def row_set(x: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in x}


@pytest.mark.parametrize(("data", "outputs"), KINDS, ids=kind)
def test_every_kind_loads_as_it_says(data, outputs):
    split = load_data(data)
    assert split.outputs == outputs
    assert split.task == data.task
    assert sum(len(x) for x, _ in parts(split)) == data.size
    assert len(split.feature_names) == len(set(split.feature_names)) == data.dimensions
    assert split.shape == data.shape == SHAPES.get(data.kind, (data.dimensions,))
    assert split.sequence == data.sequence == (data.kind in ("adding", "copy"))
    assert split.targets == data.targets == (3 if data.kind == "copy" else 1)
    for x, y in parts(split):
        assert x.shape == (len(y), data.dimensions)
        assert y.shape == ((len(y), 3) if data.kind == "copy" else (len(y),))
        assert x.dtype == np.float64
        assert y.dtype == (np.int64 if data.task == "classification" else np.float64)
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
    if data.task == "classification":
        assert all(set(y.flat) == set(range(outputs)) for _, y in parts(split))  # stratified: no part misses a class
        assert len(split.class_names) == outputs


@pytest.mark.parametrize(("data", "outputs"), KINDS, ids=kind)
def test_every_kind_describes_itself_without_loading(data, outputs):
    first_line = type(data).__doc__.splitlines()[0]
    assert 20 < len(first_line) < 140
    assert first_line.endswith(".")
    assert data.source
    assert "Source: " in type(data).__doc__


def test_settings_load_neither_torch_nor_scikit_learn():
    code = "import sys, core.data.sets; print(sorted({'torch', 'sklearn', 'scipy', 'mnist1d', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_kind_alone_stands_for_its_defaults():
    assert TypeAdapter(Data).validate_python("wine") == Wine()
    with pytest.raises(ValidationError, match="winee"):
        TypeAdapter(Data).validate_python("winee")


@pytest.mark.parametrize("data", [Wine(validation_fraction=0.15, test_fraction=0.3, scale="none"), Diabetes(scale="none")], ids=kind)
def test_the_parts_are_disjoint_and_complete(data):
    split = load_data(data)
    source = load_wine() if data.kind == "wine" else load_diabetes(scaled=False)
    together = np.concatenate([np.column_stack(part) for part in parts(split)])
    everything = np.column_stack([source.data, source.target])
    assert np.array_equal(together[np.lexsort(together.T)], everything[np.lexsort(everything.T)])
    assert len(split.y_val) == round(data.validation_fraction * len(everything))
    assert len(split.y_test) == round(data.test_fraction * len(everything))


def test_stratified_parts_keep_the_shares_of_the_classes():
    split = load_data(BreastCancer(validation_fraction=0.1, test_fraction=0.3))
    share = np.concatenate([y for _, y in parts(split)]).mean()
    assert all(abs(y.sum() - share * len(y)) <= 1 for _, y in parts(split))


def test_a_fraction_of_zero_leaves_an_empty_part():
    split = load_data(Iris(validation_fraction=0, test_fraction=0))
    assert split.x_train.shape == (150, 4)
    assert split.x_val.shape == split.x_test.shape == (0, 4)
    assert split.y_val.shape == split.y_test.shape == (0,)


def test_the_same_settings_split_the_same_way_again():
    data = Digits(split_seed=3)
    first = load_data(data)
    load_data.cache_clear()
    again = load_data(data)
    assert first is not again
    for (x, y), (x_again, y_again) in zip(parts(first), parts(again), strict=True):
        assert np.array_equal(x, x_again)
        assert np.array_equal(y, y_again)


def test_which_examples_go_where_depends_on_the_split_seed_alone():
    base = load_data(Wine(scale="none"))
    np.random.seed(7)  # noqa: NPY002 (the global generator must not matter)
    for other in (Wine(scale="none", label_noise=0.3), Wine(scale="none", validation_fraction=0.35)):
        assert np.array_equal(load_data(other).x_test, base.x_test)
    assert np.array_equal(load_data(Wine(scale="none", label_noise=0.3)).x_train, base.x_train)
    reseeded = load_data(Wine(scale="none", split_seed=1))
    assert row_set(reseeded.x_test) != row_set(base.x_test)


@pytest.mark.parametrize("data", [data for data, _ in KINDS if isinstance(data, MadeData)], ids=kind)
def test_made_data_depend_on_their_own_seed(data):
    other = type(data).model_validate({**data.model_dump(), "data_seed": 1, "scale": "none"})
    same = data.model_copy(update={"scale": "none"})
    assert not np.array_equal(load_data(other).x_train, load_data(same).x_train)


def test_the_pixels_of_a_picture_are_in_the_order_of_its_shape():
    split = load_data(Digits(scale="none", validation_fraction=0, test_fraction=0))
    pictures = split.x_train.reshape(-1, *split.shape)
    known = {image.tobytes() for image in load_digits().images}
    assert all(picture[0].tobytes() in known for picture in pictures)


@pytest.mark.parametrize(("scale", "scaler"), [("standard", StandardScaler()), ("minmax", MinMaxScaler())])
def test_scaling_is_fitted_on_the_training_part_alone(scale, scaler):
    raw, scaled = load_data(Wine(scale="none")), load_data(Wine(scale=scale))
    scaler.fit(raw.x_train)
    for (x_raw, _), (x_scaled, _) in zip(parts(raw), parts(scaled), strict=True):
        np.testing.assert_allclose(x_scaled, scaler.transform(x_raw), rtol=1e-12)


def test_regression_targets_are_in_deviations_of_the_training_targets():
    raw, scaled = load_data(Diabetes(scale="none")), load_data(Diabetes(scale="minmax"))
    mean, deviation = raw.y_train.mean(), raw.y_train.std()
    for (_, y_raw), (_, y_scaled) in zip(parts(raw), parts(scaled), strict=True):
        np.testing.assert_allclose(y_scaled, (y_raw - mean) / deviation, rtol=1e-12)
    assert abs(scaled.y_test.mean()) > 1e-6  # the test part was not fitted on itself


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
def test_a_constant_column_is_no_nan(scale):
    split = load_data(Digits(scale=scale))
    constant = np.ptp(split.x_train, axis=0) == 0
    assert constant.sum() >= 3  # the corner pixels
    assert not split.x_train[:, constant].any()


@pytest.mark.parametrize("share", [0.07, 0.5, 0.99])
def test_label_noise_is_exact_uniform_and_in_the_training_part_only(share):
    clean, noisy = load_data(Digits()), load_data(Digits(label_noise=share))
    wrong = clean.y_train != noisy.y_train
    assert wrong.sum() == round(share * len(wrong))
    assert set(noisy.y_train) <= set(range(10))
    assert np.array_equal(clean.y_val, noisy.y_val)
    assert np.array_equal(clean.y_test, noisy.y_test)
    shifts = np.bincount((noisy.y_train - clean.y_train)[wrong] % 10, minlength=10)
    assert shifts[0] == 0
    assert (shifts[1:] > 0).all()
    if share > 0.9:  # nine other classes, each as likely: a chi-squared of 8 degrees of freedom is below 26.1 in 999 of 1000
        expected = wrong.sum() / 9
        assert ((shifts[1:] - expected) ** 2 / expected).sum() < 26.1


def test_labels_wrong_at_a_small_share_are_wrong_the_same_way_at_a_larger_one():
    clean, some, more = (load_data(Wine(label_noise=share)).y_train for share in (0, 0.1, 0.4))
    wrong = clean != some
    assert wrong.any()
    assert np.array_equal(some[wrong], more[wrong])


def test_noise_on_a_regression_is_in_deviations_of_the_target_and_in_the_training_part_only():
    for scale in ("standard", "none"):
        clean, noisy = load_data(Diabetes(scale=scale)), load_data(Diabetes(scale=scale, label_noise=0.5))
        noise = (noisy.y_train - clean.y_train) / clean.y_train.std()
        assert noise.std() == pytest.approx(0.5, rel=0.15)  # 266 draws
        assert abs(noise.mean()) < 0.12
        assert np.array_equal(clean.y_val, noisy.y_val)
        assert np.array_equal(clean.y_test, noisy.y_test)


def test_mnist1d_is_what_the_authors_program_makes():
    arguments = get_dataset_args()
    arguments.num_samples, arguments.seed = 500, 42
    made = make_dataset(arguments)
    split = load_data(Mnist1d(samples=500, scale="none", validation_fraction=0.25))
    assert np.array_equal(split.x_test, made["x_test"])
    assert np.array_equal(split.y_test, made["y_test"])
    assert (len(split.y_train), len(split.y_val)) == (300, 100)
    rest = np.column_stack([np.concatenate([split.x_train, split.x_val]), np.concatenate([split.y_train, split.y_val])])
    authors = np.column_stack([made["x"], made["y"]])
    assert np.array_equal(rest[np.lexsort(rest.T)], authors[np.lexsort(authors.T)])


def test_mnist1d_has_the_published_size_and_seed_by_default():
    arguments = get_dataset_args(as_dict=True)
    assert (Mnist1d().samples, Mnist1d().data_seed) == (arguments["num_samples"], arguments["seed"])


def test_mnist1d_leaves_the_global_generators_as_they_were():
    load_data.cache_clear()
    random.seed(5)
    np.random.seed(6)  # noqa: NPY002
    expected = random.Random(5).random(), np.random.RandomState(6).random()
    load_data(Mnist1d(samples=200))
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_the_test_fraction_means_nothing_where_the_authors_set_a_test_set_apart():
    assert Mnist1d(test_fraction=0.5).identity() == Mnist1d().identity() == {"kind": "mnist1d"}
    assert len(load_data(Mnist1d(samples=200, validation_fraction=0.5, test_fraction=0.5)).y_test) == 40
    assert Digits(test_fraction=0.5).identity() == {"kind": "digits", "test_fraction": 0.5}


def test_moons_are_scikit_learns():
    x, y = make_moons(50, noise=0.2, random_state=4)
    split = load_data(Moons(samples=50, data_seed=4, scale="none", validation_fraction=0, test_fraction=0))
    order = np.lexsort(split.x_train.T)
    assert np.array_equal(split.x_train[order], x[np.lexsort(x.T)])
    assert np.array_equal(split.y_train[order], y[np.lexsort(x.T)])


def test_xor_and_spirals_without_noise_follow_their_formulas():
    xor = load_data(Xor(noise=0, scale="none"))
    assert np.array_equal(xor.y_train == 1, np.sign(xor.x_train).prod(axis=1) < 0)
    spirals = load_data(Spirals(noise=0, classes=3, scale="none"))
    radius = np.hypot(*spirals.x_train.T)
    turns = np.arctan2(spirals.x_train[:, 1], spirals.x_train[:, 0]) / (2 * np.pi) - 1.5 * radius
    difference = turns - spirals.y_train / 3
    np.testing.assert_allclose(difference, np.round(difference), atol=1e-9)
    assert 0.05 <= radius.min() < radius.max() <= 1 + 1e-12


def test_blobs_without_noise_are_their_centres():
    blobs = load_data(Blobs(noise=0, classes=3, scale="none"))
    centre = np.exp(2j * np.pi * blobs.y_train / 3)
    np.testing.assert_allclose(blobs.x_train, np.column_stack([centre.real, centre.imag]), atol=1e-12)


def test_loaded_arrays_are_shared_and_cannot_be_written():
    split = load_data(Iris())
    assert load_data(Iris()) is split
    for x, y in parts(split):
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1
        with pytest.raises(ValueError, match="read-only"):
            y[0] = 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"validation_fraction": 0.5, "test_fraction": 0.5}, "leave nothing to train on.*sum is below 1"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"test_fraction": -0.1}, "test_fraction"),
        ({"label_noise": float("nan")}, "label_noise"),
        ({"scale": "log"}, "standard"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(fields, message):
    with pytest.raises(ValidationError, match=message):
        Digits(**fields)


def test_a_part_too_small_to_measure_is_refused():
    with pytest.raises(DataError, match=r"of 20, the validation part would get 0.*Add rows, or change validation_fraction"):
        load_data(Moons(samples=20, validation_fraction=0.01))
    with pytest.raises(DataError, match=r"of 20, the training part would get 0"):
        load_data(Moons(samples=20, validation_fraction=0.49, test_fraction=0.5))
