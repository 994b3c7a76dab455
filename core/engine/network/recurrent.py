"""Recurrent layers of R networks at once, with the same results as torch's RNN, LSTM and GRU for one network at a time.

Shapes: R runs, B examples, T steps, F features of a step, H units, K kept states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from core.choices.models.modules import LastStates
from core.engine.kernels import cells
from core.engine.kernels.cells import Cell, Tape, Weights
from core.engine.network.layer_base import Build, Layer, Pass, StackedTensors

WIDE, WIDE_FORWARD = 48, 12
"""From these numbers of units on, an LSTM in float32 on the CPU runs in oneDNN, one run at a time: its fused cells are then faster.

The first number is for training; the second is for forward passes without gradients, for which oneDNN stores less.
"""

PARAMETERS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
SPARE = 2


def last_states(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """The last K states, (R, B, H) or (R, B, K, H), with 2 H for two directions. `Pass.watch` gets the states of all steps, as (R, B, H,
    T).
    """
    assert isinstance(module, LastStates)
    keep = module.keep
    forwards = _one_direction(module, name, tensors, "")
    backwards = _one_direction(module, name, tensors, "_reverse") if module.rnn.bidirectional else None

    def forward(x_RBTF: Tensor, mode: Pass) -> Tensor:
        shown = x_RBTF.shape[2] if mode.watch is not None else keep
        states_KRHB = last_KRHB = forwards(x_RBTF, shown)
        if backwards is not None:
            reverse_KRHB = backwards(x_RBTF.flip(2), shown)
            last_KRHB = torch.cat([states_KRHB[-1:], reverse_KRHB[-1:]], dim=2)
            states_KRHB = torch.cat([states_KRHB, reverse_KRHB.flip(0)], dim=2)
        if mode.watch is not None:
            mode.watch(name, states_KRHB.permute(1, 3, 2, 0))
        if keep == 1:
            return last_KRHB[-1].transpose(1, 2)
        return states_KRHB[-keep:].permute(1, 3, 0, 2)

    return forward


def _one_direction(module: LastStates, name: str, tensors: StackedTensors, suffix: str) -> Callable[[Tensor, int], Tensor]:
    """x (R, B, T, F), K -> the last K states (K, R, H, B) of one direction, whose weights have names that end in `suffix`."""
    cell, truncation = cells.cell_for(module.rnn), module.truncation
    weights = [tensors.parameters.get(f"{name}.rnn.{own}{suffix}") for own in PARAMETERS]
    spare: list[Tape] = []

    def forward(x_RBTF: Tensor, keep: int) -> Tensor:
        if _better_alone(module, x_RBTF):
            return one_by_one(x_RBTF, weights, keep, module.lengths(x_RBTF.shape[2]))
        return Recurrence.apply(cell, x_RBTF, keep, truncation, spare, *weights)

    return forward


def _better_alone(module: LastStates, x_RBTF: Tensor) -> bool:
    wide = WIDE if torch.is_grad_enabled() else WIDE_FORWARD
    fused = x_RBTF.dtype == torch.float32 and not x_RBTF.is_cuda and torch.backends.mkldnn.is_available()
    return isinstance(module.rnn, nn.LSTM) and module.rnn.hidden_size >= wide and fused


def one_by_one(x_RBTF: Tensor, weights: Sequence[Tensor | None], keep: int, lengths: Sequence[int]) -> Tensor:
    """The last `keep` states (K, R, H, B) of LSTMs by torch's function, one run at a time; the gradient is cut after each of `lengths`."""
    given = [weight.unbind(0) for weight in weights if weight is not None]
    states_RKBH = [_lstm(x_BTF, own, keep, lengths) for x_BTF, *own in zip(x_RBTF.unbind(0), *given, strict=True)]
    return torch.stack(states_RKBH).permute(1, 0, 3, 2)


def _lstm(x_BTF: Tensor, weights: list[Tensor], keep: int, lengths: Sequence[int]) -> Tensor:
    zeros_1BH = x_BTF.new_zeros(1, len(x_BTF), weights[1].shape[1])
    state, outputs = (zeros_1BH, zeros_1BH), []
    for part_TBF in x_BTF.transpose(0, 1).split(list(lengths)):
        output_TBH, hidden_1BH, memory_1BH = torch.lstm(part_TBF, state, weights, len(weights) > 2, 1, 0.0, True, False, False)
        state = (hidden_1BH.detach(), memory_1BH.detach())
        outputs.append(output_TBH)
    if keep == 1:
        return hidden_1BH
    return (outputs[0] if len(outputs) == 1 else torch.cat(outputs))[-keep:]


class Recurrence(torch.autograd.Function):
    """All steps of a layer as one node of autograd, instead of a dozen nodes for each step; gives the last `keep` states (K, R, H, B).

    It computes gradients of the weights, and none of the inputs. `spare` holds finished tapes, whose memory is used again.
    """

    @staticmethod
    def forward(
        ctx: Any, cell: Cell, x_RBTF: Tensor, keep: int, truncation: int | None, spare: list[Tape], *given: Tensor | None
    ) -> Tensor:
        """The last `keep` states."""
        weights, kept = Weights(*given), any(ctx.needs_input_grad)  # type: ignore[arg-type]
        tape = _tape(cell, x_RBTF, weights, spare, kept=kept)
        tape.read(x_RBTF)
        cell.forward(tape, weights)
        ctx.cell, ctx.tape, ctx.truncation, ctx.spare, ctx.weights = cell, tape, truncation, spare, weights
        states_KRHB = tape.states(keep)
        return states_KRHB.clone() if kept else states_KRHB  # a kept tape is written to again later

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_KRHB: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of the four weights."""
        gradients = ctx.cell.backward(ctx.tape, ctx.weights, grad_KRHB, ctx.truncation)
        ctx.spare[:] = [*ctx.spare, ctx.tape][-SPARE:]
        return None, None, None, None, None, *gradients


def _tape(cell: Cell, x_RBTF: Tensor, weights: Weights, spare: list[Tape], *, kept: bool) -> Tape:
    for place, tape in enumerate(spare):
        if kept and tape.shape == x_RBTF.shape:
            return spare.pop(place)
    hidden = weights.state_RGH.shape[2]
    return Tape(x_RBTF, hidden, cell.blocks(hidden), kept=kept)


STACKED: dict[type[nn.Module], Build] = {LastStates: last_states}
