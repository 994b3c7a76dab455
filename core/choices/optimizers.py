"""Optimizers: torch's own, under torch's names, with torch's defaults and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from core.choices.base import ByKind, Choice, Decay, LearningRate, NonNegative, Positive

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer

WeightDecay = Annotated[
    NonNegative,
    Field(description="Pulls every weight towards 0 at each step. The optimizer's own text says if it is coupled or decoupled."),
]
Epsilon = Annotated[Positive, Field(description="Keeps the division finite.", json_schema_extra={"advanced": True, "logarithmic": True})]


class OptimizerChoice(Choice):
    """What the engine needs of an optimizer: its learning rate, and a torch optimizer over given tensors."""

    kind: str
    lr: LearningRate = 1e-3

    elementwise: ClassVar[bool] = True  # each weight's step depends on that weight's own past alone: runs may share one tensor
    fused: ClassVar[bool] = False  # torch has a fused step for it on the CPU
    torch_name: ClassVar[str]

    def build(self, params: Sequence[Tensor]) -> TorchOptimizer:
        """The torch optimizer over `params`, whose `.grad` the caller fills."""
        import torch

        options: dict[str, Any] = {"fused": True} if self.fused else {"foreach": False}
        cls = getattr(torch.optim, self.torch_name)
        return cls(list(params), **self.arguments(), **options)


class Sgd(OptimizerChoice):
    """SGD: a step against the gradient, with momentum if asked.

    g <- g + weight_decay * w;  v <- momentum * v + (1 - dampening) g;  w <- w - lr * v
    (`nesterov`: w <- w - lr * (g + momentum * v)). `weight_decay` is coupled, the same as an L2 penalty.

    Source: Sutskever et al. 2013 (ICML), in torch's form: lr stands outside the velocity.
    """

    kind: Literal["sgd"] = "sgd"
    momentum: Annotated[Decay, Field(description="Share of the previous step that is kept.")] = 0.0
    dampening: Annotated[Decay, Field(description="Takes away this share of the gradient before it joins the velocity.")] = 0.0
    nesterov: Annotated[bool, Field(description="Look ahead: needs momentum, and no dampening.")] = False
    weight_decay: WeightDecay = 0.0

    fused: ClassVar[bool] = True
    torch_name: ClassVar[str] = "SGD"

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError("nesterov needs momentum above 0 and dampening 0")
        return self


class Adam(OptimizerChoice):
    """Adam: steps scaled by running moments of each weight's gradient.

    m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g^2;  w <- w - lr * m_hat / (sqrt(v_hat) + eps)
    `weight_decay` is coupled: it is added to the gradient, as L2 would be. For decoupled decay choose AdamW.

    Source: Kingma & Ba 2015 (arXiv:1412.6980); amsgrad: Reddi et al. 2018.
    """

    kind: Literal["adam"] = "adam"
    betas: Annotated[tuple[Decay, Decay], Field(description="Decay of the running mean of the gradient and of its square.")] = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    amsgrad: Annotated[bool, Field(description="Divide by the largest second moment so far.", json_schema_extra={"advanced": True})] = False

    fused: ClassVar[bool] = True
    torch_name: ClassVar[str] = "Adam"


class AdamW(OptimizerChoice):
    """AdamW: Adam with decoupled weight decay.

    w <- w - lr * weight_decay * w, then Adam's step on the bare gradient. The decay is not divided by sqrt(v_hat).

    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101).
    """

    kind: Literal["adamw"] = "adamw"
    betas: Annotated[tuple[Decay, Decay], Field(description="Decay of the running mean of the gradient and of its square.")] = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 1e-2
    amsgrad: Annotated[bool, Field(description="Divide by the largest second moment so far.", json_schema_extra={"advanced": True})] = False

    fused: ClassVar[bool] = True
    torch_name: ClassVar[str] = "AdamW"


class RmsProp(OptimizerChoice):
    """RMSprop: the gradient divided by the root of its running mean square.

    v <- alpha v + (1-alpha) g^2;  w <- w - lr * g / (sqrt(v) + eps). `centered` subtracts the square of the mean gradient
    from v. `weight_decay` is coupled.

    Source: Tieleman & Hinton 2012 (Coursera lecture 6.5); centered: Graves 2013 (arXiv:1308.0850).
    """

    kind: Literal["rmsprop"] = "rmsprop"
    lr: LearningRate = 1e-2
    alpha: Annotated[Decay, Field(description="Decay of the running mean square.")] = 0.99
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    momentum: Annotated[Decay, Field(description="Share of the previous step that is kept.")] = 0.0
    centered: Annotated[bool, Field(description="Divide by the standard deviation instead.", json_schema_extra={"advanced": True})] = False

    torch_name: ClassVar[str] = "RMSprop"


class Adagrad(OptimizerChoice):
    """Adagrad: the gradient divided by the root of the sum of all its squares so far.

    s <- s + g^2;  w <- w - lr / (1 + t * lr_decay) * g / (sqrt(s) + eps). Rarely seen features keep large steps.
    `weight_decay` is coupled.

    Source: Duchi, Hazan & Singer 2011 (JMLR 12).
    """

    kind: Literal["adagrad"] = "adagrad"
    lr: LearningRate = 1e-2
    lr_decay: Annotated[NonNegative, Field(description="Lowers lr as 1 / (1 + updates * lr_decay).")] = 0.0
    weight_decay: WeightDecay = 0.0
    initial_accumulator_value: Annotated[
        NonNegative, Field(description="The sum of squares at the start.", json_schema_extra={"advanced": True})
    ] = 0.0
    eps: Epsilon = 1e-10

    fused: ClassVar[bool] = True
    torch_name: ClassVar[str] = "Adagrad"


class NAdam(OptimizerChoice):
    """NAdam: Adam with Nesterov's look-ahead in the first moment.

    The coefficient of the first moment warms up as mu_t = b1 (1 - 0.5 * 0.96^(t * momentum_decay)). `weight_decay` is coupled
    unless `decoupled_weight_decay`.

    Source: Dozat 2016 (ICLR workshop).
    """

    kind: Literal["nadam"] = "nadam"
    lr: LearningRate = 2e-3
    betas: Annotated[tuple[Decay, Decay], Field(description="Decay of the running mean of the gradient and of its square.")] = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    momentum_decay: Annotated[NonNegative, Field(description="How fast the look-ahead warms up.", json_schema_extra={"advanced": True})] = (
        4e-3
    )
    decoupled_weight_decay: Annotated[
        bool, Field(description="Decay the weights apart from the gradient.", json_schema_extra={"advanced": True})
    ] = False

    torch_name: ClassVar[str] = "NAdam"


Optimizer = Annotated[Sgd | Adam | AdamW | RmsProp | Adagrad | NAdam, Field(discriminator="kind"), ByKind]
