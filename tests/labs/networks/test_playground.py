"""The networks of the playground: each epoch's weights are those of a plain PyTorch loop, and what comes recorded is what is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.engine.streams import epoch_order
from core.labs.networks import playground
from core.runs.recorded import labs as recorded
from core.settings import RunSettings
from core.ui.pages.playground.settings import START

DATA = {"kind": "xor", "samples": 60, "noise": 0.05, "validation_fraction": 0.3, "test_fraction": 0.0}


def run(**more) -> dict:
    model = {"kind": "mlp", "hidden": [5, 3], "activation": "gelu"}
    training = {"epochs": 3, "batch_size": 8, "dtype": "float64"}
    return {"data": DATA, "model": model, "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9}, "training": training, "seed": 3} | more


def plain(settings: RunSettings) -> list[np.ndarray]:
    """All parameters before training and after every epoch, by nn.Module and torch.optim."""
    split = load_data(settings.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    model = build_model(settings)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    found = [parameters_to_vector(model.parameters()).detach().numpy().copy()]
    for epoch in range(settings.training.epochs):
        for rows in torch.as_tensor(epoch_order(settings, epoch, len(x))).split(settings.training.batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        found.append(parameters_to_vector(model.parameters()).detach().numpy().copy())
    return found


def weights(frame: pd.DataFrame) -> np.ndarray:
    return np.stack([np.frombuffer(row, np.float32) for row in frame["weights"]])


def test_the_weights_of_every_epoch_are_those_of_a_plain_loop():
    frame = playground.trained(run())
    assert frame["epoch"].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(weights(frame), np.stack(plain(RunSettings.model_validate(run()))), atol=1e-6)


def test_accuracy_and_loss_are_those_of_the_weights_beside_them():
    settings, frame = RunSettings.model_validate(run()), playground.trained(run())
    split, model = load_data(settings.data), build_model(settings).float()
    for row, stored in zip(frame.itertuples(), weights(frame), strict=True):
        nn.utils.vector_to_parameters(torch.tensor(stored), model.parameters())
        logits, y = model(torch.tensor(split.x_val, dtype=torch.float32)), torch.tensor(split.y_val)
        assert row.val_loss == pytest.approx(nn.functional.cross_entropy(logits, y).item(), rel=1e-5)
        assert row.val_accuracy == pytest.approx(float((logits.argmax(1) == y).double().mean()))


def test_a_run_that_diverges_ends_and_says_so():
    frame = playground.trained(run(optimizer={"kind": "sgd", "lr": 1000.0}, penalty={"l2_squared": 10.0}))
    assert frame["status"].tolist()[-1] == "diverged"
    assert len(frame) < 5
    assert set(frame["status"][:-1]) <= {"running"}


def test_points_are_told_as_they_were_made():
    frame = playground.points(DATA)
    split = load_data(RunSettings.model_validate({"data": DATA}).data)
    train = frame[frame["part"] == playground.TRAINING]
    x = train[["x1", "x2"]].to_numpy()
    np.testing.assert_allclose((x - x.mean(0)) / x.std(0), split.x_train, atol=1e-9)
    assert frame["part"].value_counts().to_dict() == {playground.TRAINING: 42, playground.VALIDATION: 18}


def test_what_the_playground_opens_with_is_recorded_and_is_what_is_computed():
    """The first epochs of it: they do not depend on how many follow."""
    for variant in START.variants:
        pd.testing.assert_frame_equal(recorded.frame_of(variant.points.key), variant.points.compute())
        stored = recorded.frame_of(variant.trained.key)
        assert stored is not None, "run `make stored`"
        assert stored["epoch"].tolist() == list(range(int(START.epochs) + 1))
        training = {**variant.run["training"], "epochs": 2}
        computed = playground.trained({**variant.run, "training": training})
        np.testing.assert_allclose(weights(stored)[:3], weights(computed), atol=1e-4)
