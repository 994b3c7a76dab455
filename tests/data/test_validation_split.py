"""Validation parts that are easier or harder than the training part, beside scikit-learn's scaler and centroids."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from core.data.loading import DataError, load_data
from core.data.sets import Blobs, Copy, DataChoice, Diabetes, Digits, Imbalanced, Informative, Mnist1d, Wine
from core.data.tables import keep_table, tables_folder
from core.settings import RunSettings, SettingsError
from tests.data.tables import csv, frame

WITH_CLASSES = [
    Wine(validation_fraction=0.15, test_fraction=0.3),
    Imbalanced(samples=211, classes=3, features=5, rare_share=0.1),
    Blobs(samples=113, classes=5, label_noise=0.2),
    Mnist1d(samples=300),
    Informative(samples=131, features=11, informative=3, task="classification"),
]


def kind(value: object) -> str:
    return value.kind if isinstance(value, DataChoice) else ""


def clean(data, split):
    """The data as they are measured, unscaled and without wrong labels, with that validation split."""
    return load_data(data.model_copy(update={"scale": "none", "label_noise": 0.0, "validation_split": split}))


def theirs(train, val):
    """Distances from the own class's centroid over both parts, by scikit-learn: of the training, and of the validation part."""
    x, y = np.concatenate([train[0], val[0]]), np.concatenate([train[1], val[1]])
    x = StandardScaler().fit_transform(x)
    centroids = NearestCentroid().fit(x, y).centroids_
    distance = np.linalg.norm(x - centroids[y], axis=1)
    return distance[: len(train[1])], distance[len(train[1]) :]


@pytest.mark.parametrize("split", ["easier", "harder"])
@pytest.mark.parametrize("data", WITH_CLASSES, ids=kind)
def test_the_examples_of_every_class_that_validate_are_all_nearer_to_their_centre_or_all_farther(data, split):
    found = clean(data, split)
    of_train, of_val = theirs((found.x_train, found.y_train), (found.x_val, found.y_val))
    for label in range(found.outputs):
        training, validating = of_train[found.y_train == label], of_val[found.y_val == label]
        assert len(training)
        assert len(validating)
        nearer, farther = (validating, training) if split == "easier" else (training, validating)
        assert nearer.max() <= farther.min() + 1e-9


@pytest.mark.parametrize("split", ["easier", "harder"])
@pytest.mark.parametrize("data", WITH_CLASSES, ids=kind)
def test_sizes_shares_of_classes_and_the_test_part_are_those_of_a_random_split(data, split):
    found, random = clean(data, split), clean(data, "random")
    assert (len(found.y_train), len(found.y_val)) == (len(random.y_train), len(random.y_val))
    assert np.array_equal(found.x_test, random.x_test)
    of_val, of_random = (np.bincount(part.y_val, minlength=part.outputs) for part in (found, random))
    assert np.abs(of_val - of_random).max() <= 1
    together = [np.vstack([part.x_train, part.x_val]) for part in (found, random)]
    assert np.array_equal(*[np.unique(rows, axis=0) for rows in together])


def test_a_network_finds_the_easier_validation_part_easier_and_the_harder_one_harder():
    import core

    runs = [
        RunSettings.model_validate({"data": {"kind": "digits", "validation_split": split}, "model": "linear", "training": {"epochs": 5}})
        for split in ("easier", "random", "harder")
    ]
    result = core.train(runs)
    last = {run.data.validation_split: result.history.query("run == @run.key")["val_loss"].iloc[-1] for run in runs}
    assert last["easier"] < last["random"] < last["harder"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "diabetes", "validation_split": "harder"}, "centre of an example's class, but in diabetes"),
        ({"kind": "copy", "validation_split": "easier"}, "in copy an example has no single class"),
        ({"kind": "digits", "validation_split": "easier", "validation_fraction": 0}, "validation_fraction is 0"),
        ({"kind": "digits", "validation_split": "hardest"}, "'random', 'easier' or 'harder'"),
    ],
)
def test_data_without_single_classes_or_a_validation_part_are_refused(data, message):
    with pytest.raises((SettingsError, ValidationError), match=message):
        RunSettings.model_validate({"data": data})


def test_a_table_is_refused_when_it_turns_out_to_be_a_regression_or_to_have_parts_of_its_own():
    table = {"kind": "table", "sha256": keep_table(csv(frame()), tables_folder(), "test.csv"), "validation_split": "harder"}
    bought = RunSettings.model_validate({"data": table | {"target": "bought"}}).data
    assert len(load_data(bought).y_val)
    numbers = [name for name in frame().columns if frame()[name].dtype.kind == "f"]
    with pytest.raises(DataError, match="in these data an example has no single class"):
        load_data(RunSettings.model_validate({"data": table | {"target": numbers[0], "task": "auto"}}).data)


def test_a_random_split_is_what_it_was():
    assert Digits(validation_split="random").identity() == Digits().identity() == {"kind": "digits"}
    assert Diabetes().identity() == {"kind": "diabetes"}
    assert Copy().identity() == {"kind": "copy"}
