"""The norms of units: from weights that are known, and trained as torch trains alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core import RunSettings, build_model, load_data
from core.engine.network import state_dicts
from core.labs.regularization import unit_norms as lab


def test_norms_and_zeros_are_those_of_the_incoming_weights():
    run = RunSettings.model_validate({"data": "moons", "model": {"kind": "mlp", "hidden": [3, 2]}})
    model = build_model(run)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.hidden1.linear.weight[1] = torch.tensor([3.0, 4.0])
        model.hidden1.linear.bias[0] = 7.0
        model.hidden2.linear.weight[0] = torch.tensor([1.0, 2.0, 2.0])
    found = lab.of_run(run, state_dicts.to_bytes(model.state_dict()))
    assert found["layer"].tolist() == [1, 1, 1, 2, 2]
    assert found["unit"].tolist() == [1, 2, 3, 1, 2]
    assert found["norm"].tolist() == [0, 5, 0, 3, 0]
    assert found["zero"].tolist() == [True, False, True, False, True]


@pytest.fixture(scope="module")
def units():
    return lab.train(seeds=range(100, 103))


def test_at_the_same_training_loss_only_the_proximal_plain_norm_has_units_of_zero(units):
    zero, largest, loss = (lab.by_seed(units, measure) for measure in ("zero_share", "largest", "train_loss"))
    assert zero.index.tolist() == [100, 101, 102]
    assert (zero[["none", "l2_squared", "l2_norm"]] == 0).all(axis=None)
    assert (zero["l2_norm_proximal"] > 0.2).all()
    assert (largest["l2_squared"] / largest["l2_norm_proximal"] < 0.95).all()
    assert (loss["l2_squared"] - loss["l2_norm_proximal"]).abs().max() < 0.02


def test_a_network_of_the_lab_is_trained_as_torch_trains_it_alone():
    """Plain SGD with s ||w||^2 in the loss; the batches in the order that the engine draws."""
    from core.engine.advance import advance
    from core.engine.stack import begin

    run = lab.runs(seeds=(3,), epochs=2)["l2_squared", 3]
    split = load_data(run.data)
    order = np.stack([np.random.default_rng(epoch).permutation(len(split.x_train)) for epoch in range(2)])
    _, records = advance(begin([run], order=[order]), 2)
    model = build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.tensor(split.x_train, dtype=torch.float32), torch.tensor(split.y_train)
    for epoch in torch.tensor(order):
        for batch in epoch.split(16):
            optimizer.zero_grad()
            weights = [parameter for parameter in model.parameters() if parameter.dim() > 1]
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch]) + 0.003 * sum(w.square().sum() for w in weights)
            loss.backward()
            optimizer.step()
    found = lab.of_run(run, records.ended[0]["weights"])["norm"]
    expected = model.hidden1.linear.weight.detach().norm(dim=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
