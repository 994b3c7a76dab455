"""A stack as a value: one dictionary of what belongs to its runs, that is picked, copied, stored and read as a whole."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.engine.advance import advance
from core.engine.network.networks import trained_model
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.stack_bytes import FORMAT, StackFormatError, from_bytes, to_bytes
from core.settings import RunSettings
from tests.engine.reference import stacked_training, vector
from tests.engine.test_contracts import settings

STACKS = {
    "every_memory": [
        {"optimizer": "adam"},
        {"optimizer": {"kind": "adam", "lr": 0.01}},
        {"optimizer": "adam", "schedule": {"kind": "plateau", "patience": 0}},
        {"optimizer": "rmsprop"},
        {"optimizer": {"kind": "rmsprop", "lr": 0.1}},
        {"optimizer": "adafactor"},
        {"optimizer": "muon", "stopping": {"kind": "patience", "patience": 1, "restore_best": True}},
        {"pruning": {"kind": "magnitude", "epochs": [1, 4], "rewind": 0}},
        {"pruning": {"kind": "movement", "epochs": [4]}, "clipping": {"kind": "percentile", "window": 7}},
    ],
}


def runs_of(name):
    model = {"kind": "mlp", "hidden": [5, 3], "normalization": "batch"}
    shared = {"data": "iris", "model": model, "training": {"epochs": 5, "batch_size": 16, "dtype": "float64"}}
    return [RunSettings.model_validate(shared | {"seed": seed} | changes) for seed, changes in enumerate(STACKS[name])]


def to_the_end(stack):
    records = Records()
    while not stack.finished:
        stack, new = advance(stack, 100)
        records.extend(new)
    return records


@pytest.mark.parametrize("form", [1, FORMAT + 1])
def test_a_stack_of_another_version_is_refused_in_words(form):
    plain = torch.load(io.BytesIO(to_bytes(begin([settings()]))), weights_only=True) | {"format": form}
    stream = io.BytesIO()
    torch.save(plain, stream)
    with pytest.raises(StackFormatError, match="another version of Tandem"):
        from_bytes(stream.getvalue())


def test_a_new_entry_of_the_state_is_picked_stored_and_carried_along_by_itself():
    runs = [settings(seed=seed, training={"epochs": epochs}) for seed, epochs in ((0, 1), (1, 4), (2, 4))]
    stack = begin(runs)
    places = [runs.index(run) for run in stack.runs]
    made_up = {"made_up": torch.tensor(places)[:, None].repeat(1, 2), "made_up_values": tuple(("value", place) for place in places)}
    stack = from_bytes(to_bytes(replace(stack, state=stack.state | made_up)))
    later, _ = advance(stack, 2)
    later = from_bytes(to_bytes(later))
    assert sorted(run.seed for run in later.runs) == [1, 2], "one has left"
    left = [run.seed for run in later.runs]
    assert later.state["made_up"].tolist() == [[seed, seed] for seed in left]
    assert later.state["made_up_values"] == tuple(("value", seed) for seed in left)


@pytest.mark.parametrize("epochs", [0, 2])
def test_advancing_leaves_the_stack_that_it_began_from_as_it_was(epochs):
    stack, _ = advance(begin(runs_of("every_memory")), epochs)
    assert len(stack.runs) > 4
    before = to_bytes(stack)
    twice = [advance(stack, 1)[0] for _ in range(2)]
    assert to_bytes(stack) == before
    assert torch.equal(twice[0].flat_RP, twice[1].flat_RP)


def test_runs_that_left_take_no_room_in_what_is_stored():
    runs = [settings(seed=seed, training={"epochs": 1 if seed else 3}, model={"hidden": [50, 50]}) for seed in range(8)]
    together, _ = advance(begin(runs), 1)
    alone, _ = advance(begin(runs[:1]), 1)
    assert len(together.runs) == 1
    assert len(to_bytes(together)) < 1.1 * len(to_bytes(alone))


def test_what_is_left_of_a_stack_trains_as_if_the_others_had_never_been_there():
    model = {"normalization": "batch", "bias": False}  # Adam would blow up the rounding of a bias before batch norm, whose gradient is 0
    runs = [settings(model=model, training={"epochs": 5}, seed=seed, **changes) for seed, changes in enumerate(STACKS["every_memory"])]
    stack, _ = advance(begin(runs), 2)
    kept = [0, len(stack.runs) - 1]
    ours = {row["run"]: row["weights"] for row in to_the_end(stack.keep(kept)).ended}
    theirs, _ = stacked_training(runs)
    assert len(ours) == len(kept)
    for run in (stack.runs[row] for row in kept):
        np.testing.assert_allclose(vector(trained_model(run, ours[run.key])), vector(theirs[run.key]), atol=1e-10)
