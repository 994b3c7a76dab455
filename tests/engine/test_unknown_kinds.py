"""What a new kind forgets fails, and says which kind it is: nothing ever runs as another kind."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import pytest
import torch
from torch import nn

from core.choices.base import Choice, classes
from core.choices.penalties import Penalty
from core.choices.pruning import PruningChoice
from core.choices.schedules import ScheduleChoice
from core.choices.stopping import StoppingChoice
from core.choices.training import Sampling
from core.engine.advance import advance
from core.engine.kernels.cells import cell_for
from core.engine.stack import begin
from core.engine.streams import epoch_order
from core.labs.regularization import stopping_replay
from core.settings import RunSettings
from tests.engine.kinds import kinds, run_of
from tests.engine.reference import stacked_training, vector
from tests.engine.test_contracts import settings


def unions(owner, path=()):
    """(path, classes) of every field that holds one of several kinds, within others too."""
    for name, field in owner.model_fields.items():
        members = list(classes(field))
        if len(members) > 1:
            yield (*path, name), members
        for member in members:
            yield from unions(member, (*path, name))


UNIONS = {".".join(path): members for path, members in unions(RunSettings)}


def family(members):
    """The most special class that all kinds but `none` descend from."""
    chosen = [cls for cls in members if cls.model_fields["kind"].default != "none"]
    return next(cls for cls in chosen[0].__mro__ if cls not in chosen and all(issubclass(member, cls) for member in chosen))


def with_choice(path, choice):
    """A small run that has this choice."""
    run, names = settings(), path.split(".")
    for name in reversed(names[1:]):
        choice = getattr(run, names[0]).model_copy(update={name: choice})
    return run.model_copy(update={names[0]: choice})


def train_with_a_forgetful(path, base):
    body = {"__annotations__": {"kind": Literal["forgetful"]}, "kind": "forgetful", "__module__": __name__}
    stacked_training([with_choice(path, type("Forgetful", (base,), body)())])


@pytest.mark.parametrize("path", UNIONS)
def test_a_kind_that_forgets_its_mathematics_fails_and_is_named(path):
    base = family(UNIONS[path])
    assert base is not Choice, f"the kinds of {path} have no class of their own"
    with pytest.raises((NotImplementedError, TypeError, AttributeError), match=r"(?i)forgetful"):
        train_with_a_forgetful(path, base)


class Largest(PruningChoice):
    """Made up: the largest weights go."""

    kind: Literal["largest"] = "largest"

    def score(self, weights, gradient, movement):
        assert weights.shape == gradient.shape == movement.shape
        return -weights.abs()


def test_a_new_criterion_prunes_by_its_own_score_beside_the_others():
    runs = [settings(pruning={"kind": "magnitude", "epochs": [1], "sparsity": 0.5}), settings(seed=1)]
    runs.append(settings().model_copy(update={"pruning": Largest(epochs=(1,), sparsity=0.5)}))
    before, _ = advance(begin(runs), 0)
    after, _ = advance(before, 1)
    ours = next(row for row, run in enumerate(after.runs) if run.pruning.kind == "largest")
    weights = after.flat_RP[ours]
    trained, _ = advance(begin([settings()]), 1)
    dense, mask = trained.flat_RP[0], weights != 0
    matrices = torch.cat([torch.zeros(p.numel()).bool() if p.dim() < 2 else torch.ones(p.numel()).bool() for p in parameters_of(runs[0])])
    assert dense[matrices & mask].abs().max() < dense[matrices & ~mask].abs().min()


def parameters_of(run):
    from core.engine.network.networks import build_model

    return list(build_model(run).parameters())


def test_a_criterion_may_look_only_at_what_there_is():
    with pytest.raises(TypeError, match=r"Peeking\.score has a parameter future; allowed: weights, gradient, movement, uniform"):

        class Peeking(PruningChoice):
            kind: Literal["peeking"] = "peeking"

            def score(self, future):
                return future


class AfterTwo(StoppingChoice):
    """Made up: stops at the third evaluation."""

    kind: Literal["after_two"] = "after_two"
    patience: int = 2

    def stops(self, watch):
        return len(watch.recent) > self.patience


def test_a_new_stopping_rule_is_found_by_the_replay_and_stops_there_where_it_stops_a_run(monkeypatch):
    there_are = stopping_replay.classes
    monkeypatch.setattr(stopping_replay, "classes", lambda field: [*there_are(field), AfterTwo])
    found = stopping_replay.rules("val_loss", patience=3)
    assert found["after two"] == AfterTwo(patience=3)
    _, records = stacked_training([settings(training={"epochs": 6}).model_copy(update={"stopping": found["after two"]})])
    _, free = stacked_training([settings(training={"epochs": 6})])
    stop = stopping_replay.replay(found["after two"], free.history)
    assert (stop.at, stop.stopped) == (len(records.history) - 1, True)


def test_a_parameter_that_no_stopping_rule_has_is_refused():
    with pytest.raises(TypeError, match="no stopping rule has the setting patiense"):
        stopping_replay.rules("val_loss", patiense=3)


class Watching(ScheduleChoice):
    """Made up: halves the rate at every evaluation."""

    kind: Literal["watching"] = "watching"
    watches: ClassVar[bool] = True

    def decay(self, step, steps_per_epoch, total_steps):
        return 1.0


def test_a_schedule_that_watches_without_an_update_fails():
    with pytest.raises(NotImplementedError, match="the schedule watching watches the validation loss, and has no update"):
        stacked_training([settings().model_copy(update={"schedule": Watching()})])


VALUES = {"groups": "layer"}


@pytest.mark.parametrize("name", Penalty.model_fields)
def test_every_field_of_the_penalties_has_an_effect(name):
    base = {"l2_norm": 0.1} if name == "groups" else {}
    plain, penalised = (settings(penalty=base | more) for more in ({}, {name: VALUES.get(name, 0.05)}))
    models, _ = stacked_training([plain, penalised])
    assert abs(vector(models[plain.key]) - vector(models[penalised.key])).max() > 1e-6


def test_samplings_that_there_are_not_and_cells_that_there_are_not_fail():
    unknown = settings().training.model_copy(update={"sampling": "backwards"})
    with pytest.raises(AssertionError, match="backwards"):
        epoch_order(settings().model_copy(update={"training": unknown}), 0, 10)
    assert "backwards" not in get_args(Sampling)

    class Cells(nn.RNNBase):
        """torch's class of which RNN, LSTM and GRU are kinds."""

    with pytest.raises(TypeError, match="no stacked form of Cells"):
        cell_for(Cells("GRU", 2, 3))


def test_a_kind_that_is_not_in_its_union_is_refused_by_name():
    for path in {path for path, _ in kinds() if "." not in path}:
        with pytest.raises(ValueError, match="made_up"):
            RunSettings.model_validate({path: {"kind": "made_up"}})
    assert run_of("pruning", "magnitude").pruning.kind == "magnitude"
