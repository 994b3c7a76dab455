"""The comparisons of the page of gradient flow: where it begins, and those that its links open."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.comparison import Comparison


class Shown(NamedTuple):
    """A comparison to open, what came out of it here, and what of it the page opens with (widgets of the page by name)."""

    comparison: Comparison
    why: str
    view: dict[str, str]


def _deep(layers: int, **more: Any) -> dict[str, Any]:
    return {"kind": "mlp", "hidden": [32] * layers, **more}


def _base(model: dict[str, Any], optimizer: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"model": model, "optimizer": optimizer or {"kind": "sgd", "lr": 0.1}, "training": {"epochs": 8}}


def _of(base: dict[str, Any], **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": 3, **varied})


_UNIT = {"kind": "xavier", "gain": 1.0}
"""Xavier as it was published; as a setting, without a gain of its own, it takes the activation's."""
_TWICE = {"kind": "he", "gain": 2.83}

START = _of(
    _base(_deep(10)),
    variants=[
        {"name": "Sigmoid, Xavier", "model.activation": "sigmoid", "model.init": _UNIT},
        {"name": "Tanh, Xavier", "model.activation": "tanh", "model.init": _UNIT},
        {"name": "ReLU, Xavier", "model.init": _UNIT},
        {"name": "ReLU, He"},
        {"name": "ReLU, twice He", "model.init": _TWICE},
        {"name": "ReLU, He, batch norm", "model.normalization": "batch"},
        {"name": "ReLU, He, layer norm, skip", "model.normalization": "layer", "model.skip": True},
    ],
)
"""Ten hidden layers on the digits, with plain SGD: it leaves a gradient as small or as large as it is, where Adam would rescale it."""

_ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"]
_INITS = ["he", {"kind": "he", "gain": 1.0}, {"kind": "he", "gain": 2.0}, "orthogonal", "lsuv", {"kind": "normal", "std": 0.05}]

COMPARISONS: dict[str, Shown] = {
    "all kinds": Shown(
        START,
        "At the start the sigmoid network's first layer has a millionth of its output layer's gradient, and it stays at chance. Twice He's "
        "weights have gradients some thousand times larger than He's, and diverge on every seed. The others learn.",
        {},
    ),
    "activations": Shown(
        _of(_base(_deep(10)), vary={"model.activation": _ACTIVATIONS}),
        "Each with He's init and its own gain. Sigmoid and softplus fade towards the input, and stay at chance. The other six start with "
        "gradients within a factor of three from layer to layer, and learn. A loss this early says which starts fast, not which ends best.",
        {},
    ),
    "initializations": Shown(
        _of(_base(_deep(10)), vary={"model.init": [*_INITS, "constant", "zero"]}),
        "ReLU. Standard deviation 0.05 is too small for 32 inputs: the gradient fades about fivefold a layer. Gain 2 in place of "
        "√2 is too large, and diverges on two seeds of three. Zero passes no gradient to any hidden layer; constant weights make all units "
        "of a layer one unit.",
        {},
    ),
    "normalizations": Shown(
        _of(_base(_deep(10)), vary={"model.normalization": ["none", "batch", "layer", "group", "rms", "weight"]}),
        "ReLU with He, which needs no rescue at ten layers: all six learn. With batch norm the gradient at the start grows from the output "
        "to the input, sevenfold; with the others it stays within a factor of about two.",
        {},
    ),
    "skip connections": Shown(
        _of(_base(_deep(16)), vary={"model.skip": [False, True], "model.normalization": ["none", "batch", "layer"]}),
        "16 layers. Skips alone make the signal grow from block to block, and diverge on every seed; with layer norm the residual network "
        "has the lowest training loss of all, with batch norm the second lowest.",
        {},
    ),
    "depth": Shown(
        _of(
            _base(_deep(4, normalization="layer")),
            variants=[
                {"name": f"{kind}, depth {depth}", "model.depth": depth, "model.skip": kind == "Skip"}
                for kind in ("Plain", "Skip")
                for depth in (4, 16, 32)
            ],
        ),
        "Layer norm in all. Plain networks get worse with depth on the training data itself, so it is no overfitting; with skips, depth 32 "
        "fits as well as depth 4. That is the degradation of He et al. 2015 (arXiv:1512.03385), in small.",
        {"metric": "Training loss"},
    ),
    "dead units": Shown(
        _of(
            _base({"kind": "mlp", "hidden": [64] * 4}, {"kind": "adam", "lr": 0.03}),
            variants=[
                {"name": "ReLU, lr 0.001", "optimizer.lr": 0.001},
                {"name": "ReLU, lr 0.03"},
                {"name": "ReLU, lr 0.1", "optimizer.lr": 0.1},
                {"name": "Leaky ReLU, lr 0.03", "model.activation": "leaky_relu"},
                {"name": "ELU, lr 0.03", "model.activation": "elu"},
                {"name": "GELU, lr 0.03", "model.activation": "gelu"},
            ],
        ),
        "Four layers of 64, Adam. At 0.001 one or two units in a hundred of ReLU are dead, at 0.03 nearly a fifth, at 0.1 over 60 in "
        "a hundred. Leaky ReLU, ELU and GELU have none at 0.03. (Biases begin at 0 here; a start below 0 is the other usual cause.)",
        {"layers": "dead units", "heat": "dead units", "after": "8"},
    ),
    "explosion and cures": Shown(
        _of(
            _base(_deep(10)),
            variants=[
                {"name": "Twice He", "model.init": _TWICE},
                {"name": "Clipped by norm", "model.init": _TWICE, "clipping": {"kind": "norm", "max_norm": 1.0}},
                {"name": "Clipped by value", "model.init": _TWICE, "clipping": {"kind": "value"}},
                {"name": "lr / 1000", "model.init": _TWICE, "optimizer.lr": 0.0001},
                {"name": "Batch norm", "model.init": _TWICE, "model.normalization": "batch"},
                {"name": "3 layers", "model.init": _TWICE, "model.hidden": [32] * 3},
                {"name": "He"},
            ],
        ),
        "Twice He diverges on every seed, and each cure stops that on every seed. What takes the cause away (He's init, a norm, "
        "fewer layers) learns well in eight epochs; clipping and a tiny rate stay finite, and get 30 to 40 % of the digits right.",
        {},
    ),
}
"""By the name of the link."""
