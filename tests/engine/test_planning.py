"""Which runs are trained together."""

from __future__ import annotations

import pytest

from core.choices.base import classes
from core.choices.training import Training
from core.engine import planning
from core.engine.planning import EACH_ITS_OWN, EACH_ITS_OWN_OF, MAX_ROWS, plan, rows_at_most, signature
from core.engine.stack import begin
from core.settings import RunSettings


def run(seed=0, **changes):
    return RunSettings.model_validate({"seed": seed} | changes)


def mlp(**changes):
    return run(model={"kind": "mlp"} | changes)


@pytest.mark.parametrize(("one", "other"), [
    ({"dropout": 0.1}, {"dropout": [0.5, 0.0]}),
    ({"dropout": 0.1}, {"input_dropout": 0.5}),
    ({"init": "he"}, {"init": {"kind": "lsuv", "examples": 50}}),
    ({"hidden": [32, 32]}, {"depth": 2, "width": 32}),
], ids=str)  # fmt: skip
def test_runs_that_differ_in_numbers_alone_share_a_stack(one, other):
    assert signature(mlp(**one)) == signature(mlp(**other))


@pytest.mark.parametrize(("one", "other"), [
    ({}, {"dropout": 0.1}),
    ({}, {"input_dropout": 0.1}),
    ({}, {"depth": 3}),
    ({}, {"normalization": "rms"}),
    ({"normalization": "group"}, {"normalization": {"kind": "group", "groups": 8}}),
    ({}, {"activation": "prelu"}),
], ids=str)  # fmt: skip
def test_runs_of_other_shapes_do_not(one, other):
    assert signature(mlp(**one)) != signature(mlp(**other))


def test_runs_of_other_lengths_share_a_stack_unless_the_end_of_one_would_be_measured_in_the_others():
    assert signature(run(training={"epochs": 2})) == signature(run(training={"epochs": 3}))
    every = {"evaluate_every": 5}
    assert signature(run(training=every | {"epochs": 2})) != signature(run(training=every | {"epochs": 3}))


def test_recurrent_runs_that_start_differently_share_a_stack():
    one, other, cut = (
        run(model={"kind": "recurrent"} | changes) for changes in ({"spectral_radius": 0.5}, {"forget_bias": 0.0}, {"truncation": 3})
    )
    assert signature(one) == signature(other) != signature(cut)


def test_a_stack_holds_no_more_runs_than_its_network_does_well_with():
    for model, most in (("mlp", MAX_ROWS), ("convnet", 16)):
        runs = [run(seed, model=model, training={"device": "cpu"}) for seed in range(70)]
        stacks = plan(runs)
        assert max(map(len, stacks)) <= most
        assert len(stacks) == -(-70 // most)
        assert {member.key for stack in stacks for member in stack} == {member.key for member in runs}


def test_recurrent_stacks_shrink_as_their_sequences_and_states_grow():
    def rows(hidden, steps, batch=64):
        data = {"kind": "adding", "steps": steps}
        return rows_at_most(run(data=data, model={"kind": "recurrent", "hidden": hidden}, training={"device": "cpu", "batch_size": batch}))

    assert rows(32, 50) > rows(64, 50) > rows(128, 50) >= 4
    assert rows(32, 1000) == 4
    assert rows(4, 5) == 32
    assert rows(32, 50, "full") == 4


@pytest.mark.parametrize(
    ("device", "gpu", "rows"), [("cpu", True, 16), ("cuda", False, MAX_ROWS), ("auto", True, MAX_ROWS), ("auto", False, 16)]
)
def test_on_a_gpu_stacks_are_as_large_as_any(device, gpu, rows, monkeypatch):
    monkeypatch.setattr(planning, "gpu_here", lambda: gpu)
    assert rows_at_most(run(model="convnet", training={"device": device})) == rows


class MoreTraining(Training):
    """Training with a field that this version knows nothing of."""

    made_up: int = 0


class MoreSettings(RunSettings):
    """Settings with a choice that this version knows nothing of."""

    made_up: int = 0


def test_a_new_field_of_training_separates_stacks_by_itself():
    one, other = (run().model_copy(update={"training": MoreTraining(made_up=value)}) for value in (0, 1))
    assert signature(one) == signature(run()), "at its default it changes nothing"
    assert signature(one) != signature(other)
    assert sorted(map(len, plan([one, other, run(1)]))) == [1, 2]


def test_a_new_choice_of_a_run_separates_stacks_by_itself():
    one, other = (MoreSettings(made_up=value) for value in (0, 1))
    assert signature(one) != signature(other)


@pytest.mark.parametrize("name", sorted(set(RunSettings.model_fields) - EACH_ITS_OWN - set(EACH_ITS_OWN_OF)))
def test_a_choice_that_is_not_named_as_each_runs_own_separates_stacks(name):
    usual = getattr(run(), name)
    others = [cls for cls in classes(RunSettings.model_fields[name]) if not isinstance(usual, cls)]
    other = next(cls for cls in others if getattr(cls, "apart", True))  # a mistake may be one that each run has for itself
    assert signature(run()) != signature(run().model_copy(update={name: other()}))


@pytest.mark.parametrize("name", sorted(set(Training.model_fields) - EACH_ITS_OWN_OF["training"]))
def test_a_field_of_training_that_is_not_named_as_each_runs_own_separates_stacks(name):
    other = Training().model_copy(update={name: "something else"})
    assert signature(run()) != signature(run().model_copy(update={"training": other}))


def test_what_is_named_as_each_runs_own_exists():
    assert set(RunSettings.model_fields) >= EACH_ITS_OWN | set(EACH_ITS_OWN_OF)
    for name, fields in EACH_ITS_OWN_OF.items():
        there_are = {field for cls in classes(RunSettings.model_fields[name]) for field in cls.model_fields}
        assert fields <= there_are, name


def test_runs_that_do_not_go_together_are_no_stack():
    with pytest.raises(ValueError, match="share all settings"):
        begin([run(), run(training={"batch_size": 7})])
