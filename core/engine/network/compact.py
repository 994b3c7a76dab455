"""Structured pruning made real: a smaller plain network without the pruned units, which computes the same outputs.

Shapes: U units of a hidden layer, I inputs of a layer.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.choices.models.modules import Residual, WeightNorm

PER_UNIT = (nn.Identity, nn.BatchNorm1d)
"""Normalizations that treat each unit separately, so that removing a unit does not change the others."""

LinearMap = nn.Linear | WeightNorm


class NotSeparableError(ValueError):
    """A network from which no unit can be removed without changing what the other units compute."""


@torch.no_grad()
def smaller(model: nn.Module) -> nn.Module:
    """A copy of a plain MLP (of `build_model`) without the hidden units that the next layer does not use; the outputs in eval mode are
    equal.

    A unit is removed if all its outgoing weights in the next layer are zero, as after pruning by `units`: it then cannot change the
    output. At least one unit of each layer stays. Batch norm loses the entries of the removed units.

    Raises NotSeparableError for a network that is no MLP, that has skip connections, or that has a normalization across units (layer,
    group, instance or RMS norm) in a layer with units to remove: the pruned units' zeros are part of the mean and spread that scale the
    other units.
    """
    copy = deepcopy(model)
    layers = dict(copy.named_children())
    maps = {name: _map_of(name, layer) for name, layer in layers.items() if name != "input_dropout"}
    for name, following in pairwise(maps):
        keep_U = _used(maps[following])
        if not keep_U.all():
            _narrow_outputs(name, layers[name], keep_U)
            _narrow_inputs(maps[following], keep_U)
    return copy.eval()


def hidden_sizes(model: nn.Module) -> tuple[int, ...]:
    """The numbers of units in the hidden layers of an MLP."""
    return tuple(len(_weight(_map_of(name, layer))) for name, layer in model.named_children() if name.startswith("hidden"))


def _map_of(name: str, layer: nn.Module) -> LinearMap:
    """The linear map of a layer. Raises NotSeparableError if the layer does not belong to a plain MLP."""
    if isinstance(layer, Residual):
        raise NotSeparableError(f"{name} has a skip connection, so its units belong to several layers at once")
    found = layer if isinstance(layer, nn.Linear) else getattr(layer, "linear", None)
    if not isinstance(found, LinearMap):
        raise NotSeparableError(f"{name} is not a layer of an MLP; only an MLP can be made smaller here")
    return found


def _weight(mapping: LinearMap) -> Tensor:
    """The matrix of a linear map (U, I); with weight norm, the directions v."""
    return mapping.v if isinstance(mapping, WeightNorm) else mapping.weight


def _used(following: LinearMap) -> Tensor:
    """True for the units with a nonzero weight in the next layer (U,); if there are none, the first unit is kept."""
    keep_U = (_weight(following) != 0).any(0)
    if not keep_U.any():
        keep_U[0] = True
    return keep_U


def _narrow_outputs(name: str, layer: nn.Module, keep_U: Tensor) -> None:
    """Removes units of a hidden layer: the rows of its linear map and the entries of its normalization."""
    _slice(_map_of(name, layer), keep_U)
    norm = getattr(layer, "normalization", nn.Identity())
    if not isinstance(norm, PER_UNIT):
        raise NotSeparableError(
            f"{name}: {type(norm).__name__} computes its mean or spread over all units of the layer, pruned ones included; without them "
            "the other units would be scaled differently. Use batch norm, weight norm or no norm to make the network smaller exactly."
        )
    _slice(norm, keep_U)
    if isinstance(norm, nn.BatchNorm1d):
        norm.num_features = int(keep_U.sum())


def _slice(module: nn.Module, keep_U: Tensor) -> None:
    """Keeps the rows `keep_U` of every parameter and buffer that has one row for each unit."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(parameter[keep_U].clone()))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.dim():
            setattr(module, name, buffer[keep_U].clone())
    if isinstance(module, nn.Linear):
        module.out_features = int(keep_U.sum())


def _narrow_inputs(mapping: LinearMap, keep_I: Tensor) -> None:
    """Removes the columns of units that the layer before lost; these columns are zero."""
    name = "v" if isinstance(mapping, WeightNorm) else "weight"
    setattr(mapping, name, nn.Parameter(_weight(mapping)[:, keep_I].clone()))
    if isinstance(mapping, nn.Linear):
        mapping.in_features = int(keep_I.sum())
