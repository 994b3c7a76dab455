"""A teacher that knows no more labels than its student, beside the engine's own distillation and a teacher that knows all."""

from __future__ import annotations

import pytest

from core.labs.networks import few_labels
from core.runs.compare import train
from core.settings import RunSettings

SETTINGS = {
    "data": "digits",
    "model": {"kind": "mlp", "hidden": [8]},
    "training": {"epochs": 2, "batch_size": 64},
    "distillation": {"kind": "soft_targets", "teacher_hidden": [16], "teacher_epochs": 3, "weight": 0.9},
}


def test_with_all_labels_it_is_the_engines_distillation():
    found = few_labels.taught(SETTINGS, teacher_epochs=3, seeds=2).set_index("seed")["student"]
    history = train([RunSettings.model_validate({**SETTINGS, "seed": seed}) for seed in range(2)]).history
    assert found.to_dict() == pytest.approx(history.groupby("seed")["val_accuracy"].last().to_dict())


def test_a_teacher_of_few_labels_knows_less_than_one_of_all():
    few = SETTINGS | {"training": SETTINGS["training"] | {"labelled": 0.02}}
    taught, full = (few_labels.taught(settings, teacher_epochs=12, seeds=1).iloc[0] for settings in (few, SETTINGS))
    assert taught["teacher"] < full["teacher"] - 0.1
