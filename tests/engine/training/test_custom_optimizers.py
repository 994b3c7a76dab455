"""Optimizers of a user's own: trained as in a plain loop whatever they do, refused in words where they cannot be."""

from __future__ import annotations

import sys
from collections import deque

import pytest
import torch

import core
from core.choices.optimizers.others import CustomOptimizerError
from core.engine.advance import advance
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training
from tests.engine.test_contracts import settings


class Rateless(torch.optim.SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        del self.defaults["lr"]


class Unsafe(torch.optim.SGD):
    def step(self, closure=None):
        super().step(closure)
        for p in self.param_groups[0]["params"]:
            self.state[p]["past"] = deque()


def test_a_custom_optimizer_that_cannot_be_scheduled_or_resumed_is_refused_in_words():
    with pytest.raises(CustomOptimizerError, match="Rateless has no lr among its defaults"):
        begin_and_advance(custom(Rateless))
    with pytest.raises(CustomOptimizerError, match=r"cannot be resumed.*collections\.deque"):
        from_bytes(to_bytes(begin_and_advance(custom(Unsafe))))


def custom(cls, epochs=3):
    """A run of a class of this file."""
    return settings(optimizer={"kind": "custom", "lr": 0.01, "path": f"{__name__}.{cls.__name__}"}, training={"epochs": epochs})


def begin_and_advance(run):
    return advance(begin([run]), 1)[0]


class Counting(torch.optim.SGD):
    """Keeps what it needs on itself: longer steps from the tenth on, along a mean of the gradients."""

    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.updates, self.means, self.own = 0, {}, list(self.param_groups[0]["params"])

    def step(self, closure=None):
        if closure:
            closure()
        self.updates += 1
        for place, p in enumerate(self.own):
            self.means[place] = 0.5 * self.means.get(place, torch.zeros_like(p)) + p.grad
            p.data.sub_(self.means[place], alpha=self.param_groups[0]["lr"] * (10 if self.updates > 9 else 1))


class Moving(torch.optim.SGD):
    def step(self, closure=None):
        if closure:
            closure()
        for p in self.param_groups[0]["params"]:
            p.data = p.data - self.param_groups[0]["lr"] * p.grad


class Clearing(torch.optim.SGD):
    def step(self, closure=None):
        super().step(closure)
        self.zero_grad()


class Demanding(torch.optim.SGD):
    def step(self, closure):
        return super().step(closure)


@pytest.mark.parametrize("cls", [Counting, Moving, Clearing])
def test_a_custom_optimizer_trains_as_in_a_plain_loop_whatever_it_does_to_its_tensors(cls, monkeypatch):
    run, shorter = custom(cls), custom(cls, epochs=1)
    monkeypatch.setattr(
        sys.modules[plain_torch_training.__module__], "plain_optimizer", lambda run, model: cls(model.parameters(), lr=0.01)
    )
    expected = plain_torch_training(run).model
    for members, epochs in (([run], None), ([run], 1), ([shorter, run], None)):
        models, _ = stacked_training(members, epochs=epochs)
        assert_same_weights(models[run.key], expected, 1e-10)
    stack = begin([run])
    while stack.epoch < 2:
        stack, _ = advance(from_bytes(to_bytes(stack)), 1)
    _, records = advance(from_bytes(to_bytes(stack)), 1)
    assert_same_weights(core.engine.network.networks.trained_model(run, records.ended[0]["weights"]), expected, 1e-10)


def test_a_custom_optimizer_that_refuses_its_settings_or_needs_a_closure_is_named():
    refusing = {"kind": "custom", "path": "torch.optim.SGD", "settings": {"momentum": -1.0}}
    with pytest.raises(CustomOptimizerError, match=r"optimizer.settings: torch.optim.SGD refuses these settings: Invalid momentum value"):
        begin_and_advance(settings(optimizer=refusing))
    with pytest.raises(CustomOptimizerError, match=r"the step of .*Demanding needs a closure"):
        begin_and_advance(custom(Demanding))
