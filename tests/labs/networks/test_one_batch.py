"""One batch: the right run is the engine's, and each mistake is the one it is called."""

from __future__ import annotations

import pytest

import core
from core.analysis.doctor.one_batch import symptoms
from core.labs.networks import one_batch
from core.settings import RunSettings


@pytest.fixture(scope="module")
def found():
    return one_batch.losses(seeds=2)


@pytest.mark.parametrize("kind", ["right", "heavy penalty"])
def test_runs_without_a_mistake_are_those_of_the_engine(found, kind):
    given = one_batch.KINDS[kind]
    changes = {"optimizer": {"kind": "sgd", "lr": given.lr}, "penalty": {"l2_squared": given.penalty}}
    training = one_batch.RUN["training"] | {"epochs": 20}
    run = RunSettings.model_validate(one_batch.RUN | changes | {"training": training, "seed": 1})
    expected = core.train([run]).history["train_loss_eval"]
    ours = found[(found["kind"] == kind) & (found["seed"] == 1)].set_index("step")["loss"]
    assert list(ours[:21]) == pytest.approx(list(expected), rel=1e-4)


def test_there_are_sixteen_examples():
    run = RunSettings.model_validate(one_batch.RUN)
    assert len(core.load_data(run.data).x_train) == one_batch.EXAMPLES == 16


def test_each_mistake_leaves_its_own_trace(found):
    told = symptoms(found, one_batch.CLASSES).groupby("kind")["symptom"].agg(set)
    assert told["right"] == {"healthy"}
    assert told["flipped sign"] == {"flipped sign"}
    assert told["rate × 1000"] == {"exploding"}
    assert told["rate × 40"] == {"oscillating"}
    assert told["heavy penalty"] == told["labels shuffled"] == {"plateau"}
