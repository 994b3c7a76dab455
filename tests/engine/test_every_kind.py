"""The contracts of every kind of every choice: it trains as a notebook would, alone as in any company, and in pieces as at once."""

from __future__ import annotations

from collections import defaultdict

import pytest
from torch.nn.utils import parameters_to_vector

from core.choices.base import classes
from core.choices.penalties import Penalty
from core.engine.advance import advance
from core.engine.network.networks import trained_model
from core.engine.planning import plan
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from core.settings import RunSettings
from tests.engine.kinds import NOT_HERE, kinds, penalties, run_of
from tests.engine.plain import trained_by_hand
from tests.engine.reference import assert_same_weights, stacked_training
from tests.engine.test_contracts import rows_of

FULL = {"training": {"batch_size": "full", "epochs": 2}}
AMPLIFY_ROUNDING = {"lbfgs": FULL, "soap": FULL, "prodigy": {}}
"""Their twins part after a few updates: a line search, an eigenbasis of nearly equal eigenvalues, an estimate that multiplies itself."""


def members_of(path, kind):
    """Runs of a kind: two that differ in their seeds and lengths, and one with another optimizer."""
    more = AMPLIFY_ROUNDING.get(kind, {})
    one, other = (run_of(path, kind, seed=seed, **more) for seed in (0, 3))
    longer = {} if "epochs" in more.get("training", {}) else {"training": {"epochs": 4}}
    third = {} if path == "optimizer" else {"optimizer": {"kind": "adam", "lr": 0.01}}
    return [one, other, run_of(path, kind, seed=5, **(more | longer | third))]


def planned(runs):
    """Trains runs in the stacks that they are planned in; networks by key."""
    models = {}
    for stack in plan(runs):
        models |= stacked_training(stack)[0]
    return models


def in_pieces(runs):
    """Trains a stack that becomes bytes after each epoch; networks by key, and the records."""
    stack, pieces = begin(runs), Records()
    while not stack.finished:
        stack, new = advance(from_bytes(to_bytes(stack)), 1)
        pieces.extend(new)
    by_key = {run.key: run for run in runs}
    return {row["run"]: trained_model(by_key[row["run"]], row["weights"]) for row in pieces.ended}, pieces


@pytest.mark.parametrize(("path", "kind"), [*kinds(), *penalties()])
def test_every_kind_trains_as_a_notebook_would_and_the_same_in_any_company(path, kind):
    runs = members_of(path, kind)
    company = [run_of("optimizer", "adamw", seed=7), run_of("schedule", "step", seed=8, training={"epochs": 2})]
    together = planned([*company, *runs])
    for members in (runs[:1], runs[1::-1]):
        apart = planned(members)
        for run in members:
            assert_same_weights(apart[run.key], together[run.key], 1e-10)
    tolerance = 1e-8 if kind in AMPLIFY_ROUNDING else 1e-10
    for run in runs:
        assert_same_weights(together[run.key], trained_by_hand(run), tolerance)


@pytest.mark.parametrize(("path", "kind"), [*kinds(), *penalties()])
def test_every_kind_in_pieces_is_the_same_to_the_bit(path, kind):
    for runs in plan(members_of(path, kind)):
        models, whole = stacked_training(runs)
        pieces, records = in_pieces(runs)
        for run in runs:
            assert_same_weights(pieces[run.key], models[run.key], 0)
        for table in ("history", "layers", "ended"):
            assert sorted(map(repr, rows_of(records, table))) == sorted(map(repr, rows_of(whole, table)))


@pytest.mark.parametrize(("path", "kind"), penalties())
def test_every_penalty_changes_what_is_trained(path, kind):
    """Or its twin would be the plain network's."""
    run = run_of(path, kind)
    without = run.model_copy(update={"penalty": Penalty()})
    trained, plain = (parameters_to_vector(stacked_training([each])[0][each.key].parameters()) for each in (run, without))
    assert (trained - plain).abs().max() > 1e-4


def test_every_field_of_a_penalty_is_among_them():
    assert {kind.partition(" ")[0] for _, kind in penalties()} | {"groups"} == set(Penalty.model_fields)
    assert [kind for _, kind in penalties() if " " in kind] == ["l2_norm layer", "l2_norm_proximal layer"]


def test_every_choice_of_a_run_that_has_kinds_is_among_them():
    found = defaultdict(set)
    for path, kind in kinds():
        found[path].add(kind)
    unions = {name: list(classes(field)) for name, field in RunSettings.model_fields.items() if len(list(classes(field))) > 1}
    assert unions
    for name, members in unions.items():
        assert found[name] == {cls.model_fields["kind"].default for cls in members} - NOT_HERE
    nested = {field for cls in unions["model"] for field, info in cls.model_fields.items() if len(list(classes(info))) > 1}
    assert {f"model.{field}" for field in nested} <= set(found)
