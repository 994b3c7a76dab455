"""How much of a change of a recurrent network's state remains some steps later: the gradient against the lag.

The state s after a step is everything that the next step gets: h of an RNN or GRU, (h, c) of an LSTM; N numbers. With the Jacobian
J_k = ds_T / ds_(T-k) of the last state with respect to the one k steps before,

    norm(k) = ||J_k||_F / sqrt(N)

is the length (root mean square over all directions) to which a gradient of length 1 at the last state has grown or shrunk after k steps
back in time. If a step is h' = W h with W = rho Q and Q orthogonal, it is rho^k. A tanh between the steps can only make it smaller, because
its slope is at most 1.

Sources: Hochreiter & Schmidhuber 1997, "Long Short-Term Memory"; Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063).

Shapes: B examples, T steps, F features, H units, D directions, M = B * D rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.choices.models.recurrent import Recurrent
from core.data.loading import load_data
from core.engine.network.networks import build_model, trained_model
from core.settings import RunSettings, SettingsError

if TYPE_CHECKING:
    from torch import Tensor, nn

Inputs = Literal["data", "zeros"]

EXAMPLES = 8
"""Number of training examples, from the first on, over which the mean is taken."""

MOST_LAGS = 200
ALL_DIRECTIONS = 64
"""The largest state of which every direction is followed. For larger states, some random directions represent all: right on average."""

FEWEST_DIRECTIONS = 4
MOST_UNITS = 256
"""The most units; with more, computing the eigenvalues of the initial weights would take seconds."""


def measure(run: RunSettings, *, weights: bytes | None = None, inputs: Inputs = "data") -> np.ndarray:
    """norm(k) of a run's network for k = 0, 1, ... steps: (lags,) float64, the root mean square over the examples.

    Args:
        run: determines the network, the data and the initial weights.
        weights: weights of the trained network, as the store keeps them; None: the network before its training.
        inputs: what the network reads: training examples, or zeros of the same shape.

    Raises SettingsError for a network without recurrent cells or with too many units, and DataError as `load_data`.
    """
    import torch

    if isinstance(run.model, Recurrent) and run.model.hidden > MOST_UNITS:
        raise SettingsError(f"model.hidden: {run.model.hidden} units; the gradient against the lag is measured for at most {MOST_UNITS}")
    network = (build_model(run) if weights is None else trained_model(run, weights)).double()
    x_BD = torch.tensor(load_data(run.data).x_train[:EXAMPLES], dtype=torch.float64)
    return norms(*cells_and_steps(network, x_BD if inputs == "data" else torch.zeros_like(x_BD)))


def cells_and_steps(network: nn.Module, x_BD: Tensor) -> tuple[nn.RNNBase, Tensor]:
    """The forward cells of a recurrent network, and its examples as steps (B, T, F). Raises SettingsError."""
    from torch import nn

    from core.choices.models.modules import Steps

    cells = next((module for module in network.modules() if isinstance(module, nn.RNNBase)), None)
    steps = next((module for module in network.modules() if isinstance(module, Steps)), None)
    if cells is None or steps is None:
        raise SettingsError("model.kind: only recurrent networks have a gradient against the lag; choose recurrent")
    return _forwards(cells), steps(x_BD)


def _forwards(cells: nn.RNNBase) -> nn.RNNBase:
    """The same cells without the backward direction."""
    if not cells.bidirectional:
        return cells
    kind: Any = type(cells)
    more = {"nonlinearity": cells.nonlinearity} if cells.mode.startswith("RNN") else {}
    alone: nn.RNNBase = kind(cells.input_size, cells.hidden_size, bias=cells.bias, batch_first=True, **more).double()
    alone.load_state_dict({name: value for name, value in cells.state_dict().items() if not name.endswith("_reverse")})
    return alone


def norms(cells: nn.RNNBase, x_BTF: Tensor) -> np.ndarray:
    """norm(k) for k = 0, 1, ..., min(T, MOST_LAGS): every direction of every example is one row of a batch, and one backward pass is
    made.
    """
    import torch

    directions_BDN = _directions(_carried(cells) * cells.hidden_size, x_BTF)
    x_MTF = x_BTF.repeat_interleave(directions_BDN.shape[1], 0)
    states = _states(cells, x_MTF)
    last = directions_BDN.flatten(0, 1).split(cells.hidden_size, 1)
    inputs = [part for state in states for part in state]
    found = torch.autograd.grad(states[-1], inputs, [part[None] for part in last], allow_unused=True, materialize_grads=True)
    squares = torch.stack([grad.square().sum() for grad in found]).reshape(len(states), -1).sum(1)
    rms: np.ndarray = (squares / len(x_MTF)).sqrt().flip(0).numpy()
    return rms


def _carried(cells: nn.RNNBase) -> int:
    """Number of vectors of H numbers that are carried from step to step."""
    return 2 if cells.mode == "LSTM" else 1


def _directions(size: int, like: Tensor) -> Tensor:
    """Orthogonal directions of length 1 for each example (B, D, size): all axes, or for a large state fewer random ones."""
    import torch

    examples = len(like)
    if size <= ALL_DIRECTIONS:
        return torch.eye(size, dtype=like.dtype).expand(examples, -1, -1)
    count = max(FEWEST_DIRECTIONS, ALL_DIRECTIONS**3 // size**2)
    drawn = torch.randn(examples, size, count, dtype=like.dtype, generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(drawn).Q.mT.contiguous()


def _states(cells: nn.RNNBase, x_MTF: Tensor) -> list[tuple[Tensor, ...]]:
    """The states with a gradient, in order of steps: the one before the last MOST_LAGS steps, and those after each of these steps.

    An LSTM's h is computed from its c, but each needs a gradient with the other one fixed; so a step reads copies of them.
    """
    import torch

    rows, steps, _ = x_MTF.shape
    begin = max(steps - MOST_LAGS, 0)
    state: tuple[Tensor, ...] = tuple(x_MTF.new_zeros(1, rows, cells.hidden_size) for _ in range(_carried(cells)))
    with torch.no_grad():
        if begin:
            state = _step(cells, x_MTF[:, :begin], state)
    states = [tuple(part.clone().requires_grad_() for part in state)]
    for step in range(begin, steps):
        states.append(tuple(part.clone() for part in _step(cells, x_MTF[:, step : step + 1], states[-1])))
    return states


def _step(cells: nn.RNNBase, x_MTF: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The state after these steps."""
    _, after = cells(x_MTF, state if len(state) > 1 else state[0])
    return after if len(state) > 1 else (after,)
