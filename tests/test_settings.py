"""RunSettings: keys that last, refusals that help."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from core.choices.optimizers import Optimizer
from core.settings import RunSettings, SettingsError


def complaint(given: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        RunSettings.model_validate(given)
    return str(caught.value)


GOLDEN_KEYS = {
    "10dd5c7eba311e5cd0c9": {},
    "bef57e1c65c9ff695110": {"seed": 3, "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}},
    "6925f0f708cd0bd534e4": {"model": {"kind": "mlp", "hidden": [7, 5], "normalization": "batch", "dropout": 0.2}, "data": "moons"},
    "7686e7aeb8b13c8c6df1": {"pruning": {"kind": "magnitude", "sparsity": 0.9}, "training": {"batch_size": "full"}},
    "e61ae93d826e58d74fa9": {"model": {"kind": "recurrent", "cell": "lstm", "hidden": 8, "truncation": 5}, "data": "adding"},
}


@pytest.mark.parametrize(("key", "given"), GOLDEN_KEYS.items())
def test_the_keys_of_stored_runs_stay_what_they_were(key, given):
    assert RunSettings.model_validate(given).key == key


def test_equal_settings_are_the_same_run_however_they_are_written():
    short = RunSettings.model_validate({"optimizer": "adam", "model": {"kind": "mlp", "hidden": [64, 64]}})
    long = RunSettings.model_validate(RunSettings().model_dump(mode="json"))
    assert short == long == RunSettings()
    assert short.key == long.key
    assert RunSettings.model_validate_json(long.model_dump_json()).key == long.key


def test_every_setting_is_part_of_the_key():
    changes = [
        {"seed": 1},
        {"data": {"kind": "digits", "split_seed": 1}},
        {"model": {"kind": "mlp", "dropout": 0.1}},
        {"model": {"kind": "mlp", "activation": {"kind": "leaky_relu", "negative_slope": 0.1}}},
        {"model": {"kind": "mlp", "activation": "leaky_relu"}},
        {"optimizer": {"kind": "adam", "betas": [0.9, 0.99]}},
        {"schedule": "cosine"},
        {"penalty": {"l1": 1e-4}},
        {"clipping": "norm"},
        {"stopping": "patience"},
        {"training": {"dtype": "float64"}},
        {"training": {"order_seed": 0}},
        {"model": "recurrent"},
        {"model": {"kind": "recurrent", "bidirectional": True}},
        {"model": {"kind": "recurrent", "readout": "all"}},
    ]
    keys = {RunSettings.model_validate(change).key for change in [{}, *changes]}
    assert len(keys) == len(changes) + 1


def test_a_kind_alone_stands_for_its_defaults():
    for cls in get_args(get_args(Optimizer)[0]):
        kind = cls.model_fields["kind"].default
        assert RunSettings.model_validate({"optimizer": kind}).optimizer == cls()


def test_a_changed_copy_has_a_key_of_its_own():
    run = RunSettings()
    assert run.key == RunSettings().key
    assert run.model_copy(update={"seed": 3}).key == RunSettings(seed=3).key != run.key


def test_settings_cannot_be_changed():
    run = RunSettings()
    with pytest.raises(ValidationError, match="frozen"):
        run.seed = 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"optimizer": {"kind": "adam", "lr": -1}}, "optimizer.lr: -1: input should be greater than 0"),
        ({"optimizer": {"kind": "adam", "lr": float("nan")}}, "optimizer.lr: nan: input should be a finite number"),
        ({"optimizer": {"kind": "adam", "momentum": 0.9}}, "optimizer.momentum: there is no such setting"),
        ({"optimizer": "sdg"}, "optimizer: there is no kind 'sdg'; allowed: 'sgd', 'adam'"),
        ({"optimizer": {"lr": 1}}, "optimizer: {'lr': 1} names no kind"),
        ({"optimizer": {"kind": "sgd", "nesterov": True}}, "optimizer: nesterov needs momentum above 0 and dampening 0"),
        ({"model": {"kind": "mlp", "hidden": [0]}}, "model.hidden.0: 0: input should be greater than or equal to 1"),
        ({"model": {"kind": "mlp", "hidden": []}}, "model.hidden: []: give at least one width here; a network without hidden layers"),
        ({"model": {"kind": "mlp", "normalization": {"kind": "batch", "eps": 0}}}, "model.normalization.eps: 0: input should be greater"),
        ({"training": {"batch_size": 0}}, "training.batch_size: 0: input should be greater than or equal to 1"),
        ({"training": {"batch_size": "all"}}, "training.batch_size: 'all': input should be 'full'"),
        ({"lr": 0.1}, "lr: there is no such setting"),
        ({"seed": -1}, "seed: -1: input should be greater than or equal to 0"),
        ({"pruning": {"kind": "magnitude", "epochs": [5, 3]}}, "pruning: the pruning epochs must be in ascending order"),
        ({"pruning": {"kind": "magnitude", "epochs": [21]}}, "pruning.epochs: 21 is after the last of training.epochs = 20"),
        ({"stopping": "patience", "data": {"kind": "iris", "validation_fraction": 0}}, "patience needs validation data"),
        ({"distillation": "soft_targets", "data": "diabetes"}, "distillation.kind: soft_targets needs classes"),
        ({"model": {"kind": "mlp", "normalization": "batch"}, "training": {"batch_size": 1}}, "training.batch_size: batch norm needs"),
        ({"stopping": {"kind": "rise", "metric": "val_f1"}, "data": "diabetes"}, "stopping.metric: val_f1 needs classes"),
        ({"distillation": "hint", "model": "linear"}, "distillation.kind: hint needs a network with hidden layers, but linear has none"),
        (
            {
                "model": {"kind": "convnet", "channels": [4] * 3, "stride": 2, "pooling": "none", "normalization": "batch"},
                "training": {"batch_size": 1},
            },
            "training.batch_size: batch norm needs at least 2",
        ),
        ({"optimizer": "schedule_free_adamw", "penalty": {"l1_proximal": 0.1}}, "penalty.l1_proximal: schedule_free_adamw ends with"),
        ({"optimizer": "schedule_free_adamw", "penalty": {"max_norm": 3}}, "penalty.max_norm: schedule_free_adamw ends with averaged"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_said_with_path_value_and_what_is_allowed(given, expected):
    assert expected in complaint(given)


def test_the_teacher_is_a_run_of_its_own_with_the_same_data_and_seed():
    run = RunSettings.model_validate({"seed": 4, "distillation": {"kind": "soft_targets", "teacher_hidden": [128], "teacher_epochs": 7}})
    (teacher,) = run.teachers
    assert (teacher.seed, teacher.data, teacher.training.epochs) == (4, run.data, 7)
    assert RunSettings().teachers == ()


def test_settings_load_without_torch_or_scikit_learn():
    code = (
        "import sys, core; core.RunSettings().key; core.Comparison().id; print({'torch', 'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
