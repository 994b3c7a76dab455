"""Planted mistakes: where one has no effect it is refused; what it does to data and outputs, beside NumPy, torch and scikit-learn."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

import core
from core.choices.mistakes import Mistake, MistakeChoice, NoMistake
from core.engine.planning import signature
from core.engine.training_data import split_of
from core.settings import RunSettings, SettingsError

KINDS = {cls.model_fields["kind"].default: cls for cls in get_args(get_args(Mistake)[0])}
PLANTED = [kind for kind in KINDS if kind != "none"]
DROPOUT, NORM = {"kind": "mlp", "dropout": 0.3}, {"kind": "mlp", "normalization": "batch"}
NEEDS = {"eval_with_dropout": {"model": DROPOUT}, "batch_statistics_in_eval": {"model": NORM}}
"""What a mistake needs besides the defaults to have an effect."""


def run_with(kind, **given):
    return RunSettings.model_validate({"mistake": kind} | NEEDS.get(kind if isinstance(kind, str) else kind["kind"], {}) | given)


@pytest.mark.parametrize("kind", PLANTED)
def test_each_says_how_it_looks_in_code_what_one_sees_and_its_source(kind):
    doc = KINDS[kind].__doc__
    assert "`" in doc.splitlines()[0]
    assert "One sees: " in doc
    assert "Source: " in doc


def test_runs_without_a_mistake_are_what_they_were_and_each_mistake_is_another_run():
    assert RunSettings(mistake=NoMistake()).key == RunSettings().key
    keys = {run_with(kind).key for kind in PLANTED}
    assert len(keys) == len(PLANTED)
    for kind in PLANTED:
        right = RunSettings.model_validate(NEEDS.get(kind, {}))
        assert run_with(kind).key != right.key
        assert (signature(run_with(kind)) != signature(right)) is KINDS[kind].apart


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        ("eval_with_dropout", {"model": "mlp"}, "the network has no dropout; set model.dropout above 0"),
        ("eval_with_dropout", {"model": "linear"}, "the network has no dropout"),
        ("batch_statistics_in_eval", {"model": {"kind": "mlp", "normalization": "layer"}}, "the network has no batch norm"),
        ("unscaled_inputs", {"data": {"kind": "digits", "scale": "none"}}, "there is no scaling to leave out"),
        ("unscaled_inputs", {"data": "adding", "model": "recurrent"}, "there is no scaling to leave out"),
        ("scrambled_inputs", {"training": {"batch_size": 1}}, "does not scramble a batch of 1 example"),
        ("no_zero_grad", {"optimizer": "lbfgs"}, "lbfgs resets the gradient itself"),
        ({"kind": "frozen_layer", "layer": 4}, {}, "layer 4 of 3 layers"),
        ({"kind": "frozen_layer", "layer": 2}, {"model": "linear"}, "layer 2 of 1 layers"),
        ("leak", {"data": "copy", "model": "recurrent"}, "each example has 5 targets"),
    ],
    ids=str,
)
def test_settings_with_which_it_has_no_effect_are_refused_with_the_reason(kind, given, reason):
    name = kind if isinstance(kind, str) else kind["kind"]
    with pytest.raises(SettingsError, match=rf"mistake\.kind: {name} has no effect: .*{reason}"):
        run_with(kind, **given)


def test_a_regression_has_no_softmax_and_a_student_no_mistake():
    with pytest.raises(SettingsError, match=r"mistake\.kind: softmax_twice needs a classification, but data diabetes is a regression"):
        run_with("softmax_twice", data="diabetes")
    for kind in PLANTED:
        with pytest.raises(SettingsError, match=rf"mistake\.kind: {kind} cannot be combined with distillation"):
            run_with(kind, distillation="soft_targets")


def test_only_another_loss_is_another_objective():
    assert {kind for kind in PLANTED if run_with(kind).objective != RunSettings().objective} == {"softmax_twice"}


# What the code sees of the data


OF_THE_DATA = {"shuffled_labels", "unscaled_inputs", "leak"}


@pytest.mark.parametrize("kind", PLANTED)
def test_only_mistakes_in_the_data_change_them(kind):
    run = run_with(kind)
    right, seen = core.load_data(run.data), core.load_data(run)
    parts = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
    assert all(np.array_equal(getattr(right, part), getattr(seen, part)) for part in parts) is (kind not in OF_THE_DATA)
    assert split_of(run) is split_of(run_with(kind, seed=3))


def test_shuffled_labels_are_the_same_labels_at_other_training_examples():
    run = run_with("shuffled_labels")
    right, wrong = core.load_data(run.data), split_of(run)
    assert np.array_equal(np.bincount(right.y_train), np.bincount(wrong.y_train))
    agree = (right.y_train == wrong.y_train).mean()
    shares = np.bincount(right.y_train) / len(right.y_train)
    expected, deviation = (shares**2).sum(), math.sqrt((shares**2).sum() / len(right.y_train))
    assert abs(agree - expected) < 4 * deviation  # as often as chance has it
    assert np.array_equal(right.x_train, wrong.x_train)
    for part in ("val", "test"):
        assert np.array_equal(getattr(right, f"y_{part}"), getattr(wrong, f"y_{part}"))


@pytest.mark.parametrize("data", ["wine", {"kind": "diabetes", "scale": "minmax"}], ids=str)
def test_unscaled_inputs_are_those_that_scikit_learn_would_have_to_scale(data):
    run = run_with("unscaled_inputs", data=data, training={"examples": 40})
    whole = RunSettings.model_validate({"data": data, "training": {"examples": 40}})
    right, wrong, raw = split_of(whole), split_of(run), core.load_data(run.data.model_copy(update={"scale": "none"}))
    scaler = (StandardScaler() if run.data.scale == "standard" else MinMaxScaler()).fit(raw.x_train)
    for part in ("train", "val", "test"):
        np.testing.assert_allclose(scaler.transform(getattr(wrong, f"x_{part}")), getattr(right, f"x_{part}"), atol=1e-9)
        assert np.array_equal(getattr(wrong, f"y_{part}"), getattr(right, f"y_{part}"))


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
@pytest.mark.parametrize("data", ["wine", "diabetes"])
def test_a_leak_is_the_target_in_place_of_the_first_feature_scaled_as_the_others(data, scale):
    run = run_with("leak", data={"kind": data, "scale": scale})
    right, wrong = core.load_data(run.data), split_of(run)
    scaler = {"standard": StandardScaler(), "minmax": MinMaxScaler()}.get(scale)
    if scaler:
        scaler.fit(right.y_train[:, None].astype(float))
    for part in ("train", "val", "test"):
        x, y = getattr(wrong, f"x_{part}"), getattr(wrong, f"y_{part}")
        np.testing.assert_allclose(x[:, 0], scaler.transform(y[:, None].astype(float))[:, 0] if scaler else y, atol=1e-12)
        assert np.array_equal(x[:, 1:], getattr(right, f"x_{part}")[:, 1:])
        assert np.array_equal(y, getattr(right, f"y_{part}"))
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1


# What it does to tensors


def test_scrambled_inputs_are_torchs_view_of_the_transposed_batch():
    x_RBD = torch.randn(2, 5, 3)
    ours = KINDS["scrambled_inputs"]().inputs(x_RBD)
    for ours_BD, x_BD in zip(ours, x_RBD, strict=True):
        stored_DB = x_BD.T.contiguous()
        assert torch.equal(ours_BD, stored_DB.view(5, 3))


@pytest.mark.parametrize("positions", [1, 4])
def test_softmax_twice_never_falls_below_its_bound(positions):
    classes = 10
    perfect = torch.full((1, 3, positions, classes), -50.0)
    perfect[..., 2] = 50.0
    seen = KINDS["softmax_twice"]().for_loss(perfect.flatten(2), positions).view(-1, classes)
    loss = nn.functional.cross_entropy(seen, torch.full((len(seen),), 2))
    assert loss.item() == pytest.approx(math.log(1 + (classes - 1) / math.e), abs=1e-6)


def test_a_frozen_layer_is_the_one_asked_for():
    layers = ["hidden1", "hidden2", "output"]
    assert [KINDS["frozen_layer"](layer=number).frozen(layers) for number in (1, 3)] == [("hidden1",), ("output",)]
    assert KINDS["none"]().frozen(layers) == ()


def test_a_mistake_that_does_nothing_cannot_be_made():
    with pytest.raises(NotImplementedError, match=r"the mistake idle does nothing; give it one of sign, adds_up"):

        class Idle(MistakeChoice):
            """Idle: says it is a mistake."""

            kind: Literal["idle"] = "idle"
