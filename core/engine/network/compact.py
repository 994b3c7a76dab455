"""Structured pruning made real: a plain network without the units that were pruned away, which computes the same.

Shapes: U units of a hidden layer, I inputs of a layer.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.choices.models.modules import Residual, WeightNorm

PER_UNIT = (nn.Identity, nn.BatchNorm1d)
"""Normalizations that treat each unit by itself, so that a unit can be left out without changing the others."""

LinearMap = nn.Linear | WeightNorm


class NotSeparableError(ValueError):
    """A network out of which no unit can be taken without changing what the others compute."""


@torch.no_grad()
def smaller(model: nn.Module) -> nn.Module:
    """A copy of a plain MLP (of `build_model`) without hidden units that the next layer does not use; in eval mode it computes the same.

    A unit goes when all weights of the next layer that take it are zero, as pruning by `units` leaves them; what it computes then cannot
    matter. At least one unit of each layer stays. Batch norm loses the units' entries with them.

    Raises NotSeparableError for a network that is no MLP, has skip connections, or has a normalization across units (layer, group,
    instance, RMS norm) where units would go: their zeros are part of the mean and spread that the remaining units are scaled by.
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
    """Units of the hidden layers of an MLP."""
    return tuple(len(_weight(_map_of(name, layer))) for name, layer in model.named_children() if name.startswith("hidden"))


def _map_of(name: str, layer: nn.Module) -> LinearMap:
    """The linear map of a layer. Raises NotSeparableError where the layer is not one of a plain MLP."""
    if isinstance(layer, Residual):
        raise NotSeparableError(f"{name} has a skip connection: its units belong to several layers at once")
    found = layer if isinstance(layer, nn.Linear) else getattr(layer, "linear", None)
    if not isinstance(found, LinearMap):
        raise NotSeparableError(f"{name} is no layer of an MLP; only an MLP can be made smaller here")
    return found


def _weight(mapping: LinearMap) -> Tensor:
    """Its matrix (U, I); with weight norm, the directions."""
    return mapping.v if isinstance(mapping, WeightNorm) else mapping.weight


def _used(following: LinearMap) -> Tensor:
    """True for the units that have a weight other than 0 in the next layer (U,); the first stays where none has."""
    keep_U = (_weight(following) != 0).any(0)
    if not keep_U.any():
        keep_U[0] = True
    return keep_U


def _narrow_outputs(name: str, layer: nn.Module, keep_U: Tensor) -> None:
    """Leaves out units of a hidden layer: rows of its map, and their entries in what follows it."""
    _slice(_map_of(name, layer), keep_U)
    norm = getattr(layer, "normalization", nn.Identity())
    if not isinstance(norm, PER_UNIT):
        raise NotSeparableError(
            f"{name}: {type(norm).__name__} takes its mean or spread over all units of the layer, pruned ones included; without them the "
            "others would be scaled differently. Use batch norm, weight norm or none to make the network smaller exactly."
        )
    _slice(norm, keep_U)
    if isinstance(norm, nn.BatchNorm1d):
        norm.num_features = int(keep_U.sum())


def _slice(module: nn.Module, keep_U: Tensor) -> None:
    """Keeps these rows of every parameter and buffer that has a row a unit."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(parameter[keep_U].clone()))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.dim():
            setattr(module, name, buffer[keep_U].clone())
    if isinstance(module, nn.Linear):
        module.out_features = int(keep_U.sum())


def _narrow_inputs(mapping: LinearMap, keep_I: Tensor) -> None:
    """Leaves out columns that are zero."""
    name = "v" if isinstance(mapping, WeightNorm) else "weight"
    setattr(mapping, name, nn.Parameter(_weight(mapping)[:, keep_I].clone()))
    if isinstance(mapping, nn.Linear):
        mapping.in_features = int(keep_I.sum())
