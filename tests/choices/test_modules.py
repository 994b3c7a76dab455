"""Our few modules against torch's own, or against their definition."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from core.choices.models.modules import LastStates, PictureRmsNorm, WeightNorm

PLAIN = [
    (lambda: nn.Linear(7, 5), (4, 7)),
    (lambda: nn.Linear(7, 5, bias=False), (4, 7)),
    (lambda: nn.Conv1d(3, 5, 3, padding=1, stride=2), (4, 3, 9)),
    (lambda: nn.Conv2d(2, 5, 3, padding=1), (4, 2, 6, 5)),
]


@pytest.mark.parametrize(("plain", "shape"), PLAIN)
def test_weight_norm_is_torchs(plain, shape):
    torch.manual_seed(0)
    theirs = weight_norm(plain().double(), dim=0)
    ours = WeightNorm(plain().double())
    with torch.no_grad():
        ours.g.copy_(torch.rand(5) + 0.5)
        ours.v.normal_()
        theirs.parametrizations.weight.original0.copy_(ours.g.view_as(theirs.parametrizations.weight.original0))
        theirs.parametrizations.weight.original1.copy_(ours.v)
        if ours.bias is not None:
            theirs.bias.copy_(ours.bias)
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    torch.testing.assert_close(ours.g.grad, theirs.parametrizations.weight.original0.grad.flatten())
    torch.testing.assert_close(ours.v.grad, theirs.parametrizations.weight.original1.grad)


def test_the_parameters_of_weight_norm_are_length_direction_bias():
    module = WeightNorm(nn.Linear(3, 2))
    assert [name for name, _ in module.named_parameters()] == ["g", "v", "bias"]
    weight = torch.randn(2, 3)
    module.set_weight(weight)
    torch.testing.assert_close(module.weight, weight)
    torch.testing.assert_close(module.g, weight.norm(dim=1))


def test_an_output_whose_direction_is_pruned_whole_gives_its_bias_and_finite_gradients():
    module = WeightNorm(nn.Linear(3, 2))
    module.set_weight(torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]))
    with torch.no_grad():
        module.g[0] = 2.0
    out = module(torch.randn(4, 3))
    out.square().sum().backward()
    torch.testing.assert_close(out[:, 0], module.bias[0].expand(4))
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


@pytest.mark.parametrize("shape", [(5, 4, 9), (5, 4, 6, 3)])
def test_rms_norm_of_pictures_is_torchs_with_a_scale_for_each_channel(shape):
    ours = PictureRmsNorm(4, eps=1e-3)
    theirs = nn.RMSNorm(shape[1:], eps=1e-3)
    with torch.no_grad():
        ours.weight.normal_()
        theirs.weight.copy_(ours.weight.view(-1, *[1] * (len(shape) - 2)).expand(shape[1:]))
    x = torch.randn(shape)
    torch.testing.assert_close(ours(x), theirs(x))


def steps_by_hand(rnn, x, cut_before):
    """The states, one step at a time, cut off from the past before some of them."""
    state, states = None, []
    for step in range(x.shape[1]):
        if step in cut_before:
            state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        out, state = rnn(x[:, step : step + 1], state)
        states.append(out[:, 0])
    return torch.stack(states, dim=1)


@pytest.mark.parametrize(("truncation", "cut_before"), [(None, ()), (3, (2, 5)), (4, (4,)), (1, range(1, 8)), (20, ())])
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_the_gradient_is_cut_every_so_many_steps_counted_from_the_last(kind, truncation, cut_before):
    torch.manual_seed(1)
    rnn = kind(3, 4, batch_first=True).double()
    x = torch.randn(5, 8, 3, dtype=torch.float64)
    module = LastStates(rnn, 2, truncation)
    ours, theirs = module(x), steps_by_hand(rnn, x, cut_before)[:, -2:]
    torch.testing.assert_close(ours, theirs)
    scale = torch.randn_like(ours)
    gradients = [torch.autograd.grad((out * scale).sum(), list(rnn.parameters())) for out in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_truncation_takes_away_gradient():
    torch.manual_seed(1)
    rnn, x = nn.RNN(3, 4, batch_first=True), torch.randn(5, 8, 3, requires_grad=True)
    reached = {}
    for truncation in (None, 3):
        (gradient,) = torch.autograd.grad(LastStates(rnn, 1, truncation)(x).sum(), x)
        reached[truncation] = [bool(gradient[:, step].any()) for step in range(8)]
    assert reached == {None: [True] * 8, 3: [False] * 5 + [True] * 3}


@pytest.mark.parametrize(("keep", "truncation"), [(3, None), (1, 4)])
def test_two_directions_give_no_states_in_between_and_are_not_truncated(keep, truncation):
    module = LastStates(nn.GRU(3, 4, batch_first=True, bidirectional=True), keep, truncation)
    with pytest.raises(ValueError, match=f"all 8, not {keep}, and is not truncated"):
        module(torch.randn(5, 8, 3))
