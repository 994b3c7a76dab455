"""Normalization of R networks at once. Shapes: R runs, B examples, C channels (units); positions may follow."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.choices.models.modules import PictureRmsNorm
from core.engine.network.layer_base import Build, Layer, Pass, StackedTensors, along, by_channel, by_run


def batch_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Batch norm of R networks as one batch norm over R * C channels; in training it updates the running statistics in place."""
    assert isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    weight_RC, bias_RC = tensors.parameters[f"{name}.weight"], tensors.parameters[f"{name}.bias"]
    mean_RC, var_RC = tensors.buffers[f"{name}.running_mean"], tensors.buffers[f"{name}.running_var"]
    seen_R = tensors.buffers[f"{name}.num_batches_tracked"]

    def forward(x_RBC: Tensor, mode: Pass) -> Tensor:
        if mode.training:
            seen_R.add_(1)
        by_batch = mode.batch_statistics and not mode.training
        mean, var = (None, None) if by_batch else (mean_RC.view(-1), var_RC.view(-1))
        weight, bias, training = weight_RC.reshape(-1), bias_RC.reshape(-1), mode.training or by_batch
        out = F.batch_norm(by_channel(x_RBC), mean, var, weight, bias, training, module.momentum or 0.0, module.eps)
        return by_run(out, x_RBC.shape[0])

    return forward


def layer_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Layer norm over the last dimension, with each run's own weight and bias, or without them."""
    assert isinstance(module, nn.LayerNorm)
    shape, eps = list(module.normalized_shape), module.eps
    if not module.elementwise_affine:
        return lambda x_RBC, _: F.layer_norm(x_RBC, shape, eps=eps)
    weight_RC, bias_RC = tensors.parameters[f"{name}.weight"], tensors.parameters[f"{name}.bias"]
    return lambda x_RBC, _: torch.addcmul(bias_RC[:, None], F.layer_norm(x_RBC, shape, eps=eps), weight_RC[:, None])


def group_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Group norm of R * B examples, then each run's own weight and bias; for a single run, torch's kernel applies them."""
    assert isinstance(module, nn.GroupNorm)
    weight_RC, bias_RC = tensors.parameters[f"{name}.weight"], tensors.parameters[f"{name}.bias"]
    groups, eps = module.num_groups, module.eps

    def forward(x_RBC: Tensor, mode: Pass) -> Tensor:
        if len(x_RBC) == 1:
            return F.group_norm(x_RBC[0], groups, weight_RC[0], bias_RC[0], eps)[None]
        out_RBC = F.group_norm(x_RBC.flatten(0, 1), groups, eps=eps).view(x_RBC.shape)
        return torch.addcmul(along(bias_RC, x_RBC), out_RBC, along(weight_RC, x_RBC))

    return forward


def instance_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """Instance norm over R * C channels; it has no learned parameters."""
    assert isinstance(module, nn.InstanceNorm1d | nn.InstanceNorm2d)
    eps = module.eps
    return lambda x_RBC, _: by_run(F.instance_norm(by_channel(x_RBC), eps=eps), x_RBC.shape[0])


def rms_norm(module: nn.Module, name: str, tensors: StackedTensors) -> Layer:
    """RMS norm over all dimensions of an example, with each run's own scale for each channel."""
    assert isinstance(module, nn.RMSNorm)
    weight_RC, eps = tensors.parameters[f"{name}.weight"], module.eps
    return lambda x_RBC, _: F.rms_norm(x_RBC, x_RBC.shape[2:], eps=eps) * along(weight_RC, x_RBC)


STACKED: dict[type[nn.Module], Build] = {
    nn.BatchNorm1d: batch_norm,
    nn.BatchNorm2d: batch_norm,
    nn.LayerNorm: layer_norm,
    nn.GroupNorm: group_norm,
    nn.InstanceNorm1d: instance_norm,
    nn.InstanceNorm2d: instance_norm,
    nn.RMSNorm: rms_norm,
    PictureRmsNorm: rms_norm,
}
