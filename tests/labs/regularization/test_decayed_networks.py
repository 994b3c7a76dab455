"""Weight decay beside a squared penalty, on networks that the engine trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import core
from core.data.loading import load_data
from core.labs.regularization import decayed_networks
from core.labs.regularization.decayed_networks import ADAM, ADAMW, NEAREST, PLAIN, WITH_ADAM, WITH_MOMENTUM


@pytest.fixture(scope="module")
def ends():
    return decayed_networks.distances(1).set_index("case")


def test_decay_is_the_penalty_for_plain_sgd_and_for_nothing_else(ends):
    assert list(ends.index) == [PLAIN, WITH_MOMENTUM, WITH_ADAM, NEAREST]
    assert ends.loc[PLAIN, "largest"] < 1e-12
    assert (ends.loc[[WITH_MOMENTUM, WITH_ADAM, NEAREST], "relative"] > 0.05).all()


def by_hand(run, *, decoupled):
    """The first update on the first batch as torch makes it, on a plain network without biases."""
    split = load_data(run.data)
    rows = np.arange(run.training.batch_size)
    model = core.build_model(run)
    weights = list(model.parameters())
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = kind(weights, lr=0.001, weight_decay=0.5)
    loss = torch.nn.functional.cross_entropy(model(torch.tensor(split.x_train[rows]).double()), torch.tensor(split.y_train[rows]))
    loss.backward()
    optimizer.step()
    return rows, decayed_networks._vector(model)


@pytest.mark.parametrize("decoupled", [True, False], ids=["decay", "penalty"])
def test_the_two_ways_with_adam_are_torchs_own(decoupled):
    run = decayed_networks.run({**(ADAMW if decoupled else ADAM), "weight_decay": 0.5}, seed=3)
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 1})})
    rows, known = by_hand(run, decoupled=decoupled)
    found = core.train([run], order=[rows[None]]).model(run)
    np.testing.assert_allclose(decayed_networks._vector(found), known, atol=1e-12)


def test_the_networks_have_no_biases():
    names = [name for name, _ in core.build_model(decayed_networks.run(ADAM, seed=0)).named_parameters()]
    assert names
    assert not [name for name in names if "bias" in name]
