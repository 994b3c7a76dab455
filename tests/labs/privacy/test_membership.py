"""Membership inference: the AUC against its meaning, the training against core.train, the effect against a pilot study's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional

import core
from core.data.loading import load_data
from core.labs.privacy import membership
from core.labs.privacy.membership import OVERFITTED, REGULARISED, Membership

SHORT = Membership(samples=300, epochs=3, hidden=9)


def test_the_auc_is_the_chance_that_a_member_has_the_lower_loss():
    rng = np.random.default_rng(1)
    member, loss = rng.random(70) < 0.4, rng.exponential(size=70)
    loss[::7] = 1.0
    expected = stats.mannwhitneyu(loss[~member], loss[member]).statistic / (member.sum() * (~member).sum())
    assert membership.auc_of(member, loss) == pytest.approx(expected)
    assert membership.auc_of(np.array([True, False]), np.array([0.1, 0.2])) == 1


def test_the_networks_are_those_of_core_train():
    runs = list(SHORT.runs(5).values())
    ours, theirs = membership.trained(runs), core.train(runs)
    for run in runs:
        for mine, other in zip(ours[run.key].parameters(), theirs.model(run).parameters(), strict=True):
            assert torch.equal(mine, other)


def test_the_losses_are_torchs_example_by_example():
    run = SHORT.runs(5)[OVERFITTED]
    model = membership.trained([run])[run.key]
    frame = membership.losses(model, run)
    split = load_data(run.data)
    assert frame["member"].sum() == len(split.x_train)
    assert len(frame) == 300
    for row, (x, y) in ((0, (split.x_train[0], split.y_train[0])), (299, (split.x_test[-1], split.y_test[-1]))):
        logits = model(torch.tensor(x[None], dtype=torch.float32))
        assert frame["loss"][row] == pytest.approx(functional.cross_entropy(logits, torch.tensor([int(y)])).item(), abs=1e-5)
        assert frame["right"][row] == (logits.argmax().item() == y)


def test_a_seed_comes_out_the_same_in_any_company():
    both, alone = (membership.infer(SHORT, seeds).auc.set_index(["seed", "model"]) for seeds in ([3, 4], [4]))
    assert both.loc[[4]].equals(alone)
    assert both.index.unique("model").tolist() == [OVERFITTED, REGULARISED]


def test_the_overfitted_network_gives_its_members_away_more_than_the_decayed_one():
    """A pilot study's eight seeds: 0.755 and 0.587."""
    found = membership.infer(seeds=(41,))
    auc = found.auc.set_index("model")["auc"]
    assert auc[OVERFITTED] == pytest.approx(0.755, abs=0.02)
    assert auc[REGULARISED] == pytest.approx(0.587, abs=0.02)
    for name, curve in found.roc.groupby("model"):
        assert np.trapezoid(curve["true_positives"], curve["false_positives"]) == pytest.approx(auc[name])
    assert found.losses.groupby("model").size().tolist() == [2000, 2000]
    mean = found.losses.groupby(["model", "member"])["loss"].mean()
    assert mean[OVERFITTED, True] < mean[OVERFITTED, False]


def test_digits_are_hardly_overfitted():
    runs = Membership(data="digits", epochs=2).runs(0)
    assert runs[OVERFITTED].data.kind == "digits"
    assert runs[REGULARISED].optimizer.weight_decay == 3
