"""The outputs of networks on a grid over the plane, for data with two features."""

from __future__ import annotations

import struct

import torch
from torch import Tensor

from core.engine.batches import Subset
from core.engine.network.networks import Network

SIDE = 48
MARGIN = 0.1


def bounds(part: Subset) -> tuple[float, float, float, float]:
    """x_low, x_high, y_low, y_high: the range of the data, extended by a tenth on each side."""
    low, high = part.x_ND.amin(0), part.x_ND.amax(0)
    margin = MARGIN * (high - low)
    (x_low, y_low), (x_high, y_high) = (low - margin).tolist(), (high + margin).tolist()
    return x_low, x_high, y_low, y_high


@torch.no_grad()
def grid_bytes(network: Network, part: Subset, task: str) -> list[bytes]:
    """One grid for each run, as bytes: the bounds (4 float32), then SIDE x SIDE classes and confidences (float32), rows from low y to
    high y.

    For a regression the first plane holds the predictions, and the second is 1 everywhere.
    """
    edges = bounds(part)
    x = torch.linspace(edges[0], edges[1], SIDE)
    y = torch.linspace(edges[2], edges[3], SIDE)
    points_ND = torch.cartesian_prod(y, x).flip(1).to(part.x_ND)
    outputs_RNC = network.look(points_ND)
    first_RN, second_RN = _planes(outputs_RNC, task)
    planes = torch.stack([first_RN, second_RN], dim=1).float().cpu().numpy()
    return [struct.pack("<4f", *edges) + plane.tobytes() for plane in planes]


def _planes(outputs_RNC: Tensor, task: str) -> tuple[Tensor, Tensor]:
    if task == "regression":
        return outputs_RNC[:, :, 0], torch.ones_like(outputs_RNC[:, :, 0])
    confidence_RN, class_RN = outputs_RNC.softmax(2).max(2)
    return class_RN.to(confidence_RN.dtype), confidence_RN
