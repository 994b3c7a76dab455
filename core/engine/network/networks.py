"""Networks: the plain network of a run, and R networks over one matrix of parameters.

Shapes: R runs, P parameters of one network, B examples, D features, C classes (outputs).

Row r of the matrix is `parameters_to_vector` of run r's plain network: parameters from input to output, weight before bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from core.choices.mistakes import NoMistake
from core.choices.models.base import Sizes
from core.choices.models.filling import Weighted
from core.data.loading import Split, load_data
from core.engine.network import state_dicts
from core.engine.network.chaining import single_chain
from core.engine.network.layers import WATCHED, Pass, StackedTensors, segments, stacked
from core.engine.streams import generator, stream_seed
from core.engine.training_data import split_of
from core.settings import RunSettings, SettingsError

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def build_model(run: RunSettings) -> nn.Module:
    """The plain PyTorch network of a run with its initial weights, in the run's dtype, on the CPU, in training mode."""
    network = blank(run)
    initialize(run, network)
    return network.to(DTYPES[run.training.dtype])


def blank(run: RunSettings, split: Split | None = None) -> nn.Module:
    """The plain network on the CPU in float32: normalization layers are reset, and the weights are not drawn yet.

    Raises SettingsError for a network that does not go with the data.
    """
    sizes = sizes_of(split or load_data(run.data))
    if complaint := run.model.complaint(sizes):
        raise SettingsError(complaint)
    with torch.device("meta"):
        network = run.model.build(sizes)
    network.to_empty(device="cpu")
    for module in network.modules():
        if not isinstance(module, Weighted) and callable(reset := getattr(module, "reset_parameters", None)):
            reset()
    return network


def sizes_of(split: Split) -> Sizes:
    """The input and output sizes that a network for these data must have."""
    return Sizes(split.shape, split.outputs, split.sequence, split.targets)


def initialize(run: RunSettings, network: nn.Module) -> None:
    """Draws the initial weights of `run` in place from its `init` stream, always in float32, whatever the run's dtype."""
    size, sample_ND = run.model.init.sample_size, None
    if size:
        sample_ND = torch.tensor(split_of(run).x_train[:size], dtype=torch.float32)
    run.model.initialize(network, generator(stream_seed(run, "init"), "init"), sample_ND)


@dataclass(frozen=True)
class Layout:
    """The columns of each parameter in a row of the matrix."""

    parameters: tuple[tuple[str, slice, torch.Size], ...]
    layers: dict[str, slice]  # first part of the parameter's name -> columns
    weights: dict[str, tuple[slice, ...]]  # layer -> columns of its weight matrices, which penalties, pruning and sparsity refer to
    size: int

    @classmethod
    def of(cls, network: nn.Module) -> Layout:
        """The layout of a plain network."""
        parameters = tuple(segments([(name, p.shape) for name, p in network.named_parameters()]))
        layers: dict[str, slice] = {}
        weights: dict[str, tuple[slice, ...]] = {}
        for name, columns, shape in parameters:
            layer = name.partition(".")[0]
            layers[layer] = slice(layers.get(layer, columns).start, columns.stop)
            weights[layer] = (*weights.get(layer, ()), *([columns] if len(shape) > 1 else []))
        return cls(parameters, layers, weights, parameters[-1][1].stop)

    def weight_columns(self, device: torch.device) -> Tensor:
        """True if a column belongs to a weight matrix (P,)."""
        columns_P = torch.zeros(self.size, dtype=torch.bool, device=device)
        for columns in (c for slices in self.weights.values() for c in slices):
            columns_P[columns] = True
        return columns_P


class Network:
    """R networks of one architecture over one matrix of parameters (R, P). The caller owns the matrix and updates it in place."""

    def __init__(self, template: nn.Module, flat_RP: Tensor, buffers: dict[str, Tensor], runs: Sequence[RunSettings]) -> None:
        self.layout = Layout.of(template)
        self.flat_RP = flat_RP
        self.runs = runs
        self.mistake = runs[0].mistake if runs[0].mistake.apart else NoMistake()
        self.leaves = [flat_RP.detach()[:, columns].unflatten(1, shape).requires_grad_() for _, columns, shape in self.layout.parameters]
        self.shares: dict[torch.Size, Tensor] = {}
        names = [name for name, _, _ in self.layout.parameters]
        rates = [run.model.dropouts() for run in runs]
        dropouts = {name: flat_RP.new_tensor([rate[name] for rate in rates]) for name in rates[0]}
        tensors = StackedTensors(dict(zip(names, self.leaves, strict=True)), buffers, dropouts)
        self.forward = stacked(template, "", tensors)
        self.chain = single_chain(template, tensors, WATCHED)  # if it is one chain, its gradient needs no autograd

    def __call__(self, x_RBD: Tensor, mode: Pass) -> Tensor:
        """The outputs (R, B, C) for a batch, including a mistake that changes the inputs."""
        return self.forward(self.mistake.inputs(x_RBD), mode)

    @torch.no_grad()
    def look(self, x_ND: Tensor, watch: Callable[[str, Tensor], None] | None = None) -> Tensor:
        """The outputs (R, N, C) of all networks for the same examples, in eval mode, without any planted mistake; `watch` as in `Pass`."""
        if self.chain is not None:
            return self.chain.look(x_ND, watch)
        return self.forward(x_ND.expand(len(self.flat_RP), *x_ND.shape), Pass(training=False, watch=watch))

    def gradient(self, loss_RB: Tensor, out_RP: Tensor) -> None:
        """Writes the gradient of each run's mean loss over its examples into that run's row of `out_RP` (R, P)."""
        share_RB = self.share_of(loss_RB)
        gradients = torch.autograd.grad(loss_RB, self.leaves, share_RB, materialize_grads=True)
        self.write(gradients, out_RP)

    def share_of(self, loss_RB: Tensor) -> Tensor:
        """The weight of each example's loss in the mean of its run (R, B)."""
        share_RB = self.shares.get(loss_RB.shape)
        if share_RB is None:
            share_RB = self.shares[loss_RB.shape] = torch.full_like(loss_RB, 1 / loss_RB.shape[1])
        return share_RB

    def write(self, gradients: Iterable[Tensor | None], out_RP: Tensor) -> None:
        """Writes the gradients of all parameters, in order, into their columns of `out_RP`; None marks a parameter that the layer lacks."""
        torch.cat([g.flatten(1) for g in gradients if g is not None], dim=1, out=out_RP)


def initial_parameters(runs: Sequence[RunSettings], template: nn.Module) -> Tensor:
    """The initial weights of the runs as rows (R, P), float32."""
    rows = []
    for run in runs:
        initialize(run, template)
        rows.append(parameters_to_vector(template.parameters()).detach().clone())
    return torch.stack(rows)


def state_of(template: nn.Module, row_P: Tensor, buffers: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    """The plain state_dict of one row, on the CPU."""
    parameters = {name: row_P[columns].reshape(shape) for name, columns, shape in Layout.of(template).parameters}
    state = parameters | {name: buffer[row] for name, buffer in buffers.items()}
    return {name: state[name].detach().cpu().clone() for name in template.state_dict()}


def trained_model(run: RunSettings, data: bytes) -> nn.Module:
    """The plain PyTorch network of a run with trained weights, in eval mode on the CPU; `data` comes from `state_dicts.to_bytes`."""
    network = blank(run).to(DTYPES[run.training.dtype])
    network.load_state_dict(state_dicts.tensors(data))
    return network.eval()
