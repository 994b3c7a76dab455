"""Pruning of a stack: scores, masks, rewinding.

Shapes: R runs, P parameters of one network, W weights of the scope in which scores are compared, U units of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from core.choices.pruning import PruningChoice, mask_of
from core.engine.batches import Tensors
from core.engine.measuring.outputs import CHUNK
from core.engine.network.layers import Pass
from core.engine.network.networks import Network
from core.engine.stack import ALL_ROWS, State
from core.engine.streams import generator, stream_seed
from core.engine.training.training_loss import TrainingLoss
from core.settings import RunSettings

PRUNING = 3  # a counter of the noise stream; the others are in `core.engine.training.noise`
GONE = -torch.inf


class Pruner:
    """Sets weights to zero at the end of the epochs that each run's choice names, and keeps them at zero.

    State entries: `mask`, `rewind` and `movement`; each is added when it is first needed.
    """

    def __init__(self, runs: Sequence[RunSettings], state: State, network: Network) -> None:
        self.runs, self.state, self.network = runs, state, network
        self.follows_movement = any("movement" in run.pruning.looks_at() for run in runs)

    def hold(self, tensor_RP: Tensor, rows: slice = ALL_ROWS) -> None:
        """Zeroes the entries of pruned weights in a tensor, in place; with `rows`, the tensor has the rows of these runs only."""
        if "mask" in self.state:
            tensor_RP.mul_(self.state["mask"][rows])

    def follow(self, flat_RP: Tensor, grad_RP: Tensor) -> None:
        """Adds the movement of an update, -w g, to the sum."""
        if self.follows_movement:
            self.state["movement"] = self.state.get("movement", 0) - flat_RP * grad_RP

    def rewound_at(self, epoch: int) -> list[int]:
        """The runs with a pruning event at the end of this epoch that rewinds the remaining weights."""
        return [row for row, run in enumerate(self.runs) if run.pruning.rewind is not None and epoch in run.pruning.epochs]

    def prune(self, epoch: int, spared: Sequence[int], training_gradient: Callable[[], Tensor]) -> list[int]:
        """Prunes the runs that have an event at the end of this epoch, and rewinds their remaining weights if asked. Returns the pruned
        rows.

        Rows in `spared` are left out: rewinding a diverged run would bring it back. `training_gradient` returns the gradient of every run
        on the whole training set (R, P); it is called only if a criterion needs it.
        """
        self._remember_rewind_points(epoch)
        rows = [row for row, run in enumerate(self.runs) if epoch in run.pruning.epochs and row not in spared]
        if not rows:
            return []
        flat_RP, mask_RP = self.state["parameters"], self._mask()
        needed = any("gradient" in self.runs[row].pruning.looks_at() for row in rows)
        gradient_RP = training_gradient() if needed else None
        for row in rows:
            scores_P = self._scores(row, epoch, gradient_RP)
            mask_RP[row] = pruned_row(self.runs[row], epoch, scores_P, mask_RP[row], self.network)
            if self.runs[row].pruning.rewind is not None:
                flat_RP[row] = self.state["rewind"][row]
            flat_RP[row] *= mask_RP[row]
        return rows

    def _mask(self) -> Tensor:
        mask_RP: Tensor = self.state.setdefault("mask", torch.ones_like(self.state["parameters"], dtype=torch.bool))
        return mask_RP

    def _scores(self, row: int, epoch: int, gradient_RP: Tensor | None) -> Tensor:
        """The score of each parameter of a run by its criterion (P,)."""
        run, weights_P = self.runs[row], self.state["parameters"][row]
        seen: dict[str, Callable[[], Tensor]] = {
            "weights": lambda: weights_P,
            "gradient": lambda: _given(gradient_RP)[row],
            "movement": lambda: self.state["movement"][row] if "movement" in self.state else torch.zeros_like(weights_P),
            "uniform": lambda: uniform_of(run, len(weights_P), epoch).to(weights_P),
        }
        choice = run.pruning
        assert isinstance(choice, PruningChoice)
        scores_P: Tensor = choice.score(**{name: seen[name]() for name in choice.looks_at()})
        if scores_P.shape != weights_P.shape:
            raise TypeError(
                f"{type(choice).__name__}.score returned shape {tuple(scores_P.shape)}; it must return one number for each of the "
                f"{len(weights_P)} weights"
            )
        return scores_P

    def _remember_rewind_points(self, epoch: int) -> None:
        rows = [row for row, run in enumerate(self.runs) if run.pruning.rewind == epoch]
        if rows:
            flat_RP = self.state["parameters"]
            self.state.setdefault("rewind", flat_RP.clone())[rows] = flat_RP[rows]


def _given(gradient_RP: Tensor | None) -> Tensor:
    assert gradient_RP is not None
    return gradient_RP


def pruned_row(run: RunSettings, epoch: int, scores_P: Tensor, keep_P: Tensor, network: Network) -> Tensor:
    """The mask of one run (P,) after its event at the end of `epoch`: True for a parameter that stays.

    `scores_P`: the score of each parameter. `keep_P`: the mask so far; no weight comes back.
    """
    choice = run.pruning
    assert isinstance(choice, PruningChoice)
    scores_P = scores_P.where(keep_P, GONE)
    if choice.by_unit:
        return _without_units(network, scores_P, keep_P, choice.target(epoch))
    kept_P = keep_P.clone()
    for columns_P in _scopes(network, by_layer=choice.by_layer):
        kept_P[columns_P] = mask_of(scores_P[columns_P], choice.target(epoch))
    return kept_P & keep_P


def _scopes(network: Network, *, by_layer: bool) -> Iterator[Tensor]:
    """The groups of weights whose scores are compared with each other, as masks (P,)."""
    every_P = network.layout.weight_columns(network.flat_RP.device)
    if not by_layer:
        yield every_P
        return
    for columns in network.layout.layers.values():
        part_P = torch.zeros_like(every_P)
        part_P[columns] = every_P[columns]
        if part_P.any():
            yield part_P


def _without_units(network: Network, scores_P: Tensor, keep_P: Tensor, sparsity: float) -> Tensor:
    """Masks hidden units: their incoming weights, bias and normalization, and their outgoing weights in the next layer."""
    kept_P = keep_P.clone()
    parameters = network.layout.parameters
    layers = list(network.layout.layers)
    for layer, following in pairwise(layers):
        mine = [(name, columns, shape) for name, columns, shape in parameters if name.startswith(f"{layer}.")]
        _, columns, shape = next(item for item in mine if len(item[2]) > 1)
        worth_U = scores_P[columns].view(shape[0], -1).clamp(min=0).sum(1)
        stays_U = mask_of(worth_U, sparsity)
        for _, place, part in mine:
            if part[0] == shape[0]:  # one row for each unit; this leaves out the slope that a layer's PReLUs share
                kept_P[place] &= stays_U.repeat_interleave(part.numel() // shape[0])
        _, place, part = next(item for item in parameters if item[0].startswith(f"{following}.") and len(item[2]) > 1)
        kept_P[place] &= stays_U.repeat(part[0])
    return kept_P


def training_gradient(network: Network, data: Tensors, loss: TrainingLoss) -> Tensor:
    """The gradient of every run's mean loss on the whole training set, in eval mode: (R, P)."""
    total_RP = torch.zeros_like(network.flat_RP)
    part_RP = torch.empty_like(total_RP)
    runs = len(total_RP)
    for x_ND, y_N in zip(data.train.x_ND.split(CHUNK), data.train.y_N.split(CHUNK), strict=True):
        outputs_RNC = network(x_ND.expand(runs, *x_ND.shape), Pass(training=False))
        network.gradient(loss(outputs_RNC, y_N.expand(runs, *y_N.shape)), part_RP)
        total_RP.add_(part_RP, alpha=len(y_N))
    return total_RP / len(data.train)


def uniform_of(run: RunSettings, size: int, epoch: int) -> Tensor:
    """Uniform numbers in [0, 1) for the event at the end of an epoch (size,), from the run's noise stream."""
    return torch.rand(size, generator=generator(stream_seed(run, "noise"), "noise", PRUNING, epoch))
