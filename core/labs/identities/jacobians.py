"""The Jacobians of activation functions, by which the chain rule multiplies, for a whole vector at once.

An elementwise function has a diagonal Jacobian, J = diag(f'(x)): output i depends only on input i. For the sigmoid, J = diag(s (1 - s)).
Softmax is not elementwise, since its outputs share a sum: J = diag(s) - s s^T. Each row sums to 0, because adding the same number to
all inputs changes nothing.

Shapes: D numbers of the vector. Values and slopes are those of `activation_functions`; torch is imported inside the functions.

Source: Bishop 2006, "Pattern Recognition and Machine Learning", equations 4.88 (sigmoid) and 4.106 (softmax).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame, concat
from scipy import special

from core.choices import activations
from core.choices.activations import ActivationChoice
from core.labs.networks import activation_functions
from core.labs.threads import one_thread

if TYPE_CHECKING:
    from torch import Tensor

SHOWN: tuple[ActivationChoice, ...] = (
    activations.Sigmoid(),
    activations.Tanh(),
    activations.Relu(),
    activations.LeakyRelu(),
    activations.Prelu(),
    activations.Elu(),
    activations.Gelu(),
    activations.Silu(),
)
SIZE = 6
DEPTH, WIDTH = 10, 64


def table(choices: Iterable[ActivationChoice] = SHOWN) -> DataFrame:
    """One row for each function: activation (its kind), formula, derivative (LaTeX), smooth, left, right, taken (slopes at 0), largest
    (|f'|).

    If left and right differ, every slope between them is a subgradient at 0, and `taken` is the one that PyTorch uses.
    """
    rows = []
    for choice in choices:
        found = activation_functions.facts(choice)
        text = {"activation": choice.kind, "formula": choice.formula, "derivative": choice.derivative}
        rows.append({**text, "smooth": found.smooth, **found._asdict()})
    return DataFrame(rows)


def slopes(choices: Iterable[ActivationChoice] = SHOWN) -> DataFrame:
    """Only the slopes at 0, one row for each function: activation, left, right, taken, largest; see `table`."""
    return table(choices)[["activation", "left", "right", "taken", "largest"]]


def elementwise(choice: ActivationChoice, x_D: np.ndarray) -> np.ndarray:
    """diag(f'(x)): (D, D)."""
    return np.diag(activation_functions.values(choice, x_D)[1])


def sigmoid(x_D: np.ndarray) -> np.ndarray:
    """The sigmoid's Jacobian (D, D): diag(s (1 - s)) for the outputs s."""
    s_D = special.expit(x_D)
    return np.diag(s_D * (1 - s_D))


def softmax(x_D: np.ndarray) -> np.ndarray:
    """The softmax's Jacobian (D, D): diag(s) - s s^T for the outputs s."""
    s_D = special.softmax(x_D)
    return np.asarray(np.diag(s_D) - np.outer(s_D, s_D))


def by_autograd(function: Callable[[Tensor], Tensor], x_D: np.ndarray) -> np.ndarray:
    """The whole Jacobian (D, D) of a function of a vector, by one backward pass for each output; row i is the gradient of output i."""
    import torch

    x = torch.tensor(x_D, dtype=torch.float64, requires_grad=True)
    y = function(x)
    return np.stack([torch.autograd.grad(part, x, retain_graph=True)[0].numpy() for part in y])


def cells(jacobian_DD: np.ndarray) -> DataFrame:
    """The matrix for a picture: output, input (both from 1), value."""
    output, source = (places.ravel() + 1 for places in np.indices(jacobian_DD.shape))
    return DataFrame({"output": output, "input": source, "value": jacobian_DD.ravel()})


def errors(seed: int = 0, size: int = SIZE) -> dict[str, float]:
    """The largest absolute difference between Jacobians at a normal x with `size` numbers.

    sigmoid, softmax: closed form against autograd. elementwise: diag(f'(x)) against autograd's whole matrix, for all of `SHOWN`.
    softmax_rows: the largest absolute sum of a row of autograd's matrix.
    """
    import torch

    x_D = 2 * np.random.default_rng(seed).standard_normal(size)
    of_softmax = by_autograd(lambda x: torch.softmax(x, 0), x_D)
    diagonal = [np.abs(elementwise(choice, x_D) - by_autograd(choice.build().double(), x_D)).max() for choice in SHOWN]
    return {
        "sigmoid": float(np.abs(sigmoid(x_D) - by_autograd(torch.sigmoid, x_D)).max()),
        "softmax": float(np.abs(softmax(x_D) - of_softmax).max()),
        "softmax_rows": float(np.abs(of_softmax.sum(axis=1)).max()),
        "elementwise": float(max(diagonal)),
    }


def vanishing(seeds: Sequence[int] = range(8), depth: int = DEPTH, width: int = WIDTH) -> DataFrame:
    """The norm of the gradient in every layer of a deep network on digits before its first update: activation, seed, layer, weights.

    ReLU starts as He et al. 2015 recommend, the sigmoid as Glorot & Bengio 2010 do. Layer 1 is the first; `weights` is the norm of the
    loss's gradient with respect to that layer's parameters. The loss is the mean over the first examples, as in `gradient_flow`.
    """
    from core.labs.networks import gradient_flow
    from core.settings import RunSettings

    frames = []
    for kind, init in (("relu", "he"), ("sigmoid", "xavier")):
        for seed in seeds:
            run = RunSettings.model_validate({"model": {"kind": "mlp", "width": width, "activation": kind, "init": init}, "seed": seed})
            with one_thread():
                frames.append(gradient_flow.measure(run, [depth], seeds=1).assign(activation=kind))
    return concat(frames, ignore_index=True)[["activation", "seed", "layer", "weights"]]


def first_layers(layers: DataFrame) -> DataFrame:
    """The first layer's gradient norm by seed (the index), one column for each activation; from `vanishing`."""
    return layers[layers["layer"] == 1].pivot(index="seed", columns="activation", values="weights")
