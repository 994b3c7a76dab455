"""The cells of recurrent layers: forward and backward passes over a whole sequence, with torch's equations and names.

Shapes: R runs, B examples, T steps, F features of a step, H units, G rows of all gates, M = H + F + 1 rows of a column [h; x; 1],
K last states whose gradient is given. The examples are the columns, so that the rows of a gate are one block of memory for each run.
All results are written into memory that is allocated once (`Tape`), because allocating takes longer than a step of a small cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input
relu_backward = torch.ops.aten.threshold_backward.grad_input


class Weights(NamedTuple):
    """torch's parameters of one layer, for R runs; the biases are None if the layer has none."""

    inputs_RGF: Tensor
    state_RGH: Tensor
    inputs_bias_RG: Tensor | None
    state_bias_RG: Tensor | None


Gradients = tuple[Tensor, Tensor, Tensor | None, Tensor | None]


class Tape:
    """What a forward pass over a sequence writes: the columns [h; x; 1] of all steps, and the cell's own blocks of rows.

    Without `kept`, no backward pass will follow: every step then overwrites the blocks of the step before.
    """

    def __init__(self, x_RBTF: Tensor, hidden: int, blocks: Mapping[str, int], *, kept: bool) -> None:
        runs, examples, steps, features = x_RBTF.shape
        self.hidden, self.steps, self.shape = hidden, steps, x_RBTF.shape
        self.columns_TRMB = x_RBTF.new_empty(steps + 1, runs, hidden + features + 1, examples)
        self.columns_TRMB[0, :, :hidden] = 0
        self.columns_TRMB[:, :, -1] = 1
        self.column = self.columns_TRMB.unbind(0)
        self.state = self.columns_TRMB[:, :, :hidden].unbind(0)
        self.input = self.columns_TRMB[:, :, hidden:].unbind(0)  # including the constant 1
        self.blocks: dict[str, tuple[Tensor, ...]] = {}
        self.gates: dict[str, list[tuple[Tensor, ...]]] = {}  # for each block and step: the rows of each gate
        for name, rows in blocks.items():
            block = x_RBTF.new_empty(steps + 1 if kept else 1, runs, rows, examples)
            self.blocks[name] = block.unbind(0) * (1 if kept else steps + 1)
            self.gates[name] = [step.split(hidden, dim=1) for step in self.blocks[name]]

    def states(self, keep: int) -> Tensor:
        """The last `keep` states (K, R, H, B), as a view."""
        return self.columns_TRMB[-keep:, :, : self.hidden]

    def read(self, x_RBTF: Tensor) -> None:
        """Writes the inputs into the columns."""
        self.columns_TRMB[:-1, :, self.hidden : -1] = x_RBTF.permute(2, 0, 3, 1)


def joined(weights: Weights) -> Tensor:
    """The matrix [U | W | b] (R, G, M); b is the sum of both biases, or 0 without biases."""
    if weights.inputs_bias_RG is None or weights.state_bias_RG is None:
        bias_RG = torch.zeros_like(weights.state_RGH[:, :, 0])
    else:
        bias_RG = weights.inputs_bias_RG + weights.state_bias_RG
    return torch.cat([weights.state_RGH, weights.inputs_RGF, bias_RG[:, :, None]], dim=2)


def separated(joined_RMG: Tensor, weights: Weights) -> Gradients:
    """The gradients of the weights, from the transposed gradient of the matrix that `joined` returns."""
    gradient_RGM, hidden = joined_RMG.mT, weights.state_RGH.shape[2]
    bias_RG = None if weights.inputs_bias_RG is None else gradient_RGM[:, :, -1]
    return gradient_RGM[:, :, hidden:-1], gradient_RGM[:, :, :hidden], bias_RG, bias_RG


class Backward(ABC):
    """One backward pass, from the last step to the first."""

    def __init__(self, tape: Tape, weights: Weights, joined_RGM: Tensor) -> None:
        self.tape, self.weights = tape, weights
        runs, rows, columns = joined_RGM.shape
        self.back_RHG = joined_RGM[:, :, : tape.hidden].mT
        self.gates_RGB = joined_RGM.new_empty(runs, rows, tape.shape[1])  # gradients of the gates before their nonlinearities
        self.joined_RMG = joined_RGM.new_zeros(runs, columns, rows)

    @abstractmethod
    def step(self, step: int, state_RHB: Tensor) -> None:
        """Adds the contribution of the gradient of the state after `step`; may overwrite that gradient."""

    def to_state(self, step: int, out_RHB: Tensor) -> None:
        """Writes the gradient of the state before `step` into `out_RHB`."""
        torch.bmm(self.back_RHG, self.gates_RGB, out=out_RHB)

    def cut(self) -> None:  # noqa: B027  cells without a memory have nothing to reset
        """Sets the gradients that would flow further back in time to zero."""

    def gradients(self) -> Gradients:
        """The gradients of the weights, summed over the steps so far."""
        return separated(self.joined_RMG, self.weights)


class Cell(ABC):
    """A kind of recurrent cell."""

    backward_pass: type[Backward]

    @abstractmethod
    def blocks(self, hidden: int) -> dict[str, int]:
        """The blocks that the cell stores for every step, by name, with their numbers of rows."""

    @abstractmethod
    def forward(self, tape: Tape, weights: Weights) -> None:
        """Computes the states of a tape whose inputs are already written."""

    def start(self, tape: Tape, weights: Weights) -> Backward:
        """A backward pass over a tape that `forward` has filled."""
        return self.backward_pass(tape, weights, joined(weights))

    def backward(self, tape: Tape, weights: Weights, grad_KRHB: Tensor, truncation: int | None) -> Gradients:
        """The gradients of the weights, from the gradients of the last K states; `truncation` is explained in `LastStates`."""
        back, first = self.start(tape, weights), tape.steps - len(grad_KRHB)
        state_RHB = torch.zeros_like(grad_KRHB[0], memory_format=torch.contiguous_format)
        for step in reversed(range(tape.steps)):
            if step >= first:
                state_RHB.add_(grad_KRHB[step - first])
            back.step(step, state_RHB)
            if step == 0 or (truncation is not None and (tape.steps - step) % truncation == 0):
                state_RHB.zero_()
                back.cut()
            else:
                back.to_state(step, state_RHB)
        return back.gradients()


class _RnnBackward(Backward):
    nonlinear: str = "tanh"

    def step(self, step: int, state_RHB: Tensor) -> None:
        after_RHB = self.tape.state[step + 1]
        if self.nonlinear == "tanh":
            tanh_backward(state_RHB, after_RHB, grad_input=self.gates_RGB)
        else:
            relu_backward(state_RHB, after_RHB, 0, grad_input=self.gates_RGB)
        self.joined_RMG.baddbmm_(self.tape.column[step], self.gates_RGB.mT)


class _ReluBackward(_RnnBackward):
    nonlinear = "relu"


class Rnn(Cell):
    """h' = tanh(W x + U h + b), or ReLU in place of tanh."""

    def __init__(self, nonlinearity: str) -> None:
        self.tanh = nonlinearity == "tanh"
        self.backward_pass = _RnnBackward if self.tanh else _ReluBackward

    def blocks(self, hidden: int) -> dict[str, int]:
        return {}

    def forward(self, tape: Tape, weights: Weights) -> None:
        joined_RGM = joined(weights)
        sum_RHB = torch.empty_like(tape.state[0], memory_format=torch.contiguous_format)
        for step in range(tape.steps):
            torch.bmm(joined_RGM, tape.column[step], out=sum_RHB)
            if self.tanh:
                torch.tanh(sum_RHB, out=tape.state[step + 1])
            else:
                torch.clamp(sum_RHB, min=0, out=tape.state[step + 1])


class _LstmBackward(Backward):
    def __init__(self, tape: Tape, weights: Weights, joined_RGM: Tensor) -> None:
        super().__init__(tape, weights, joined_RGM)
        self.memory_RHB = torch.zeros_like(tape.blocks["memory"][0])
        self.part = self.gates_RGB.split(tape.hidden, dim=1)

    def step(self, step: int, state_RHB: Tensor) -> None:
        tape, memory_RHB = self.tape, self.memory_RHB
        open_, forget, new, out = tape.gates["gates"][step]
        d_open, d_forget, d_new, d_out = self.part
        squashed_RHB = tape.blocks["squashed"][step]
        sigmoid_backward(torch.mul(state_RHB, squashed_RHB, out=d_out), out, grad_input=d_out)
        tanh_backward(state_RHB.mul_(out), squashed_RHB, grad_input=state_RHB)
        memory_RHB.add_(state_RHB)
        sigmoid_backward(torch.mul(memory_RHB, new, out=d_open), open_, grad_input=d_open)
        sigmoid_backward(torch.mul(memory_RHB, tape.blocks["memory"][step], out=d_forget), forget, grad_input=d_forget)
        tanh_backward(torch.mul(memory_RHB, open_, out=d_new), new, grad_input=d_new)
        memory_RHB.mul_(forget)
        self.joined_RMG.baddbmm_(tape.column[step], self.gates_RGB.mT)

    def cut(self) -> None:
        self.memory_RHB.zero_()


class Lstm(Cell):
    """i, f, o = sigmoid(W x + U h + b) and g = tanh(W x + U h + b), each with its own weights; c' = f c + i g; h' = o tanh(c')."""

    backward_pass = _LstmBackward

    def blocks(self, hidden: int) -> dict[str, int]:
        return {"gates": 4 * hidden, "memory": hidden, "squashed": hidden}

    def forward(self, tape: Tape, weights: Weights) -> None:
        hidden, joined_RGM = tape.hidden, joined(weights)
        gates, memory, squashed = tape.blocks["gates"], tape.blocks["memory"], tape.blocks["squashed"]
        memory[0].zero_()
        for step in range(tape.steps):
            open_, forget, new, out = tape.gates["gates"][step]
            torch.bmm(joined_RGM, tape.column[step], out=gates[step])
            gates[step][:, : 2 * hidden].sigmoid_()
            new.tanh_()
            out.sigmoid_()
            torch.mul(memory[step], forget, out=memory[step + 1]).addcmul_(open_, new)
            torch.tanh(memory[step + 1], out=squashed[step])
            torch.mul(out, squashed[step], out=tape.state[step + 1])


class _GruBackward(Backward):
    def __init__(self, tape: Tape, weights: Weights, joined_RGM: Tensor) -> None:
        super().__init__(tape, weights, joined_RGM)
        runs, features = len(joined_RGM), weights.inputs_RGF.shape[2]
        self.new_RHB = torch.empty_like(tape.blocks["new"][0])
        self.kept_RHB = torch.empty_like(self.new_RHB)
        self.inputs_RNH = joined_RGM.new_zeros(runs, features + 1, tape.hidden)
        self.part = self.gates_RGB.split(tape.hidden, dim=1)

    def step(self, step: int, state_RHB: Tensor) -> None:
        tape, d_new, kept_RHB = self.tape, self.new_RHB, self.kept_RHB
        reset, update, of_state = tape.gates["gates"][step]
        d_reset, d_update, d_of_state = self.part
        new = tape.blocks["new"][step]
        torch.sub(tape.state[step], new, out=d_update).mul_(state_RHB)
        sigmoid_backward(d_update, update, grad_input=d_update)
        torch.mul(state_RHB, update, out=kept_RHB)
        tanh_backward(torch.sub(state_RHB, kept_RHB, out=d_new), new, grad_input=d_new)
        sigmoid_backward(torch.mul(d_new, of_state, out=d_reset), reset, grad_input=d_reset)
        torch.mul(d_new, reset, out=d_of_state)
        self.joined_RMG.baddbmm_(tape.column[step], self.gates_RGB.mT)
        self.inputs_RNH.baddbmm_(tape.input[step], d_new.mT)

    def to_state(self, step: int, out_RHB: Tensor) -> None:
        torch.baddbmm(self.kept_RHB, self.back_RHG, self.gates_RGB, out=out_RHB)

    def gradients(self) -> Gradients:
        inputs_RGF, state_RGH, bias_RG, _ = super().gradients()
        rows = slice(2 * self.tape.hidden, None)
        inputs_RGF[:, rows] = self.inputs_RNH[:, :-1].mT
        if bias_RG is None:
            return inputs_RGF, state_RGH, None, None
        inputs_bias_RG = bias_RG.clone()
        inputs_bias_RG[:, rows] = self.inputs_RNH[:, -1]
        return inputs_RGF, state_RGH, inputs_bias_RG, bias_RG


class Gru(Cell):
    """r, z = sigmoid(W x + U h + b), each with its own weights; n = tanh(W x + b + r (U h + b)); h' = n + z (h - n).

    Since r multiplies only one of n's two parts, the joined product computes just U h + b for n, and a second product W x + b.
    """

    backward_pass = _GruBackward

    def blocks(self, hidden: int) -> dict[str, int]:
        return {"gates": 3 * hidden, "new": hidden}

    def start(self, tape: Tape, weights: Weights) -> Backward:
        return _GruBackward(tape, weights, self._joined(weights))

    def _joined(self, weights: Weights) -> Tensor:
        hidden, joined_RGM = weights.state_RGH.shape[2], joined(weights)
        rows = slice(2 * hidden, None)
        joined_RGM[:, rows, hidden:] = 0
        if weights.state_bias_RG is not None:
            joined_RGM[:, rows, -1] = weights.state_bias_RG[:, rows]
        return joined_RGM

    def _inputs(self, weights: Weights) -> Tensor:
        rows = slice(2 * weights.state_RGH.shape[2], None)
        bias_RG = weights.inputs_bias_RG
        bias_RH = torch.zeros_like(weights.inputs_RGF[:, rows, 0]) if bias_RG is None else bias_RG[:, rows]
        return torch.cat([weights.inputs_RGF[:, rows], bias_RH[:, :, None]], dim=2)

    def forward(self, tape: Tape, weights: Weights) -> None:
        joined_RGM, inputs_RHN, hidden = self._joined(weights), self._inputs(weights), tape.hidden
        gates, new, state = tape.blocks["gates"], tape.blocks["new"], tape.state
        change_RHB = torch.empty_like(new[0])
        for step in range(tape.steps):
            reset, update, of_state = tape.gates["gates"][step]
            torch.bmm(joined_RGM, tape.column[step], out=gates[step])
            gates[step][:, : 2 * hidden].sigmoid_()
            torch.bmm(inputs_RHN, tape.input[step], out=new[step])
            torch.tanh(new[step].addcmul_(reset, of_state), out=new[step])
            torch.sub(state[step], new[step], out=change_RHB)
            torch.addcmul(new[step], update, change_RHB, out=state[step + 1])


def cell_for(module: nn.RNNBase) -> Cell:
    """The cell that computes a torch module in one direction. Raises TypeError for several layers, a projection, or an unknown module."""
    if module.num_layers > 1 or module.proj_size:
        raise TypeError("recurrent layers are stacked one layer at a time, without projection")
    if isinstance(module, nn.RNN):
        return Rnn(module.nonlinearity)
    if isinstance(module, nn.LSTM):
        return Lstm()
    if isinstance(module, nn.GRU):
        return Gru()
    raise TypeError(f"no stacked form of {type(module).__name__}; add its cell to core.engine.kernels.cells")
