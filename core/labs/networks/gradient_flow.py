"""The sizes of activations and gradients in every layer of a network at its initial weights, for networks of several depths.

A hidden layer is h_k = phi(norm(W_k h_{k-1})), with a skip connection h_{k-1} plus that. Backwards, without norm and skip,

    dL/dh_{k-1} = W_k^T (phi'(z_k) * dL/dh_k),    dL/dW_k = (phi'(z_k) * dL/dh_k) h_{k-1}^T,

so a layer multiplies the gradient's mean square by about n Var(w) E[phi'^2] (Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852),
and d layers by that to the power of d. Orthogonal W_k of a linear network preserve both norms (Saxe et al. 2014, arXiv:1312.6120).

Computed in float64, where 1e-300 is not yet 0, and in training mode (batch norm uses the statistics of these examples), without dropout.
Torch is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from core.choices.models import Mlp
from core.choices.training import Training
from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.labs.optimization.gradient_noise import loss_of
from core.settings import RunSettings, SettingsError, explain

if TYPE_CHECKING:
    from torch import Tensor, nn

EXAMPLES = 128
"""Number of training examples, from the first on, over which the loss is averaged."""

MOST_WEIGHTS = 1_200_000
"""The most weights of the deepest network; more would take too long for a page."""

DEPTHS = (2, 4, 8, 16, 32, 64)


def deepened(run: RunSettings, depth: int) -> RunSettings:
    """The run's network with `depth` hidden layers as wide as its first one, without dropout, and with the settings that matter here.

    Raises SettingsError for a network that is not an MLP, or is too large.
    """
    if not isinstance(run.model, Mlp):
        raise SettingsError(f"model.kind: {run.model.kind} has no depth to vary here; choose mlp")
    width = run.model.hidden[0]
    if depth * width**2 > MOST_WEIGHTS:
        least = f"{depth} layers of {width:,} units have {depth * width**2:,} weights, but at most {MOST_WEIGHTS:,} are allowed here"
        raise SettingsError(f"model.hidden: {least}; choose fewer units or a lower depth")
    given = {**run.model.model_dump(), "hidden": (width,) * depth, "width": None, "depth": None, "dropout": 0.0, "input_dropout": 0.0}
    try:
        model = Mlp.model_validate(given)
    except ValidationError as error:
        raise SettingsError(explain(error, given)) from error
    return RunSettings(data=run.data, model=model, training=Training(init_seed=run.training.init_seed), seed=run.seed)


def measure(run: RunSettings, depths: Sequence[int] = DEPTHS, seeds: int = 3) -> pd.DataFrame:
    """Every hidden layer of the run's network at every depth, at its initial weights.

    Args:
        run: an MLP; its data, its seed (from which the seeds count up) and its model matter, except depth and dropout.
        depths: numbers of hidden layers.
        seeds: number of initial weights for each depth.

    Returns one row for each depth, seed and hidden layer:
        depth, seed, layer (1 is the first),
        weights: the norm of dL/d(the layer's parameters),
        signal: the norm of dL/d(the layer's outputs), including the skip connection,
        spread: the root mean square over units of the standard deviation of those outputs over examples,
        dead: the share of units whose activation is 0 on all examples.

    Raises SettingsError as `deepened`, DataError.
    """
    rows: list[dict[str, Any]] = []
    for depth in depths:
        deep = deepened(run, depth)
        for number in range(seeds):
            seed = (run.seed + number) % 2**32
            layers = _layers(deep.model_copy(update={"seed": seed}))
            rows += [{"depth": depth, "seed": seed, "layer": place} | row for place, row in enumerate(layers, start=1)]
    return pd.DataFrame(rows)


def ends(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each depth and seed of `measure` (and variant, if there is that column), with values of the first and last hidden layer.

    Columns: first_weights, last_weights, weights_ratio (first over last), the same for the signal, and the spread of the last layer.
    """
    keys = [name for name in ("variant", "depth", "seed") if name in layers]
    ordered = layers.sort_values("layer", kind="stable").groupby(keys, sort=False)
    first, last = ordered.first(), ordered.last()
    columns: dict[str, pd.Series] = {}
    for name in ("weights", "signal"):
        columns |= {f"first_{name}": first[name], f"last_{name}": last[name], f"{name}_ratio": first[name] / last[name]}
    return pd.DataFrame({**columns, "spread": last["spread"]}).reset_index()


def _layers(run: RunSettings) -> Iterator[dict[str, float]]:
    """The rows of one network, from the first hidden layer to the last."""
    import torch

    split = load_data(run.data)
    model = build_model(run).double().train()
    x_ND = torch.tensor(split.x_train[:EXAMPLES], dtype=torch.float64)
    y_N = torch.tensor(split.y_train[:EXAMPLES])
    blocks = [block for name, block in model.named_children() if name.startswith("hidden")]
    outputs = _watched(model, blocks, x_ND, y_N.double() if y_N.is_floating_point() else y_N)
    for block, (output_NH, activation_NH) in zip(blocks, outputs, strict=True):
        gradients = [parameter.grad for parameter in block.parameters() if parameter.grad is not None]
        assert output_NH.grad is not None
        yield {
            "weights": float(torch.cat([gradient.flatten() for gradient in gradients]).norm()),
            "signal": float(output_NH.grad.norm()),
            "spread": float(output_NH.detach().var(0, correction=0).mean().sqrt()),
            "dead": float((activation_NH == 0).all(0).double().mean()),
        }


def _watched(model: nn.Module, blocks: list[nn.Module], x_ND: Tensor, y_N: Tensor) -> list[tuple[Tensor, Tensor]]:
    """One forward and backward pass: the outputs of the blocks with their gradients, and the activations in the blocks."""
    outputs: list[Tensor] = []
    activations: list[Tensor] = []

    def keep(_block: nn.Module, _given: Any, output: Tensor) -> None:
        output.retain_grad()
        outputs.append(output)

    for block in blocks:
        block.get_submodule("activation").register_forward_hook(lambda _m, _g, output: activations.append(output.detach()))
        block.register_forward_hook(keep)
    loss_of(model(x_ND), y_N).backward()
    return list(zip(outputs, activations, strict=True))
