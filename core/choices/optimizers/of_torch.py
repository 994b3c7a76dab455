"""torch's own optimizers, with torch's names, defaults and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from core.choices.base import Decay, LearningRate, NonNegative, Positive
from core.choices.optimizers.base import FUSED, Betas, Decoupled, Epsilon, Momentum, OptimizerChoice, WeightDecay

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer


class Sgd(OptimizerChoice):
    """SGD: a step against the gradient, optionally with momentum.

    g <- g + weight_decay * w;  v <- momentum * v + (1 - dampening) g;  w <- w - lr * v
    (`nesterov`: w <- w - lr * (g + momentum * v)). `weight_decay` is coupled, the same as an L2 penalty.

    Source: Sutskever et al. 2013 (ICML), in torch's form, where lr stands outside the velocity.
    """

    kind: Literal["sgd"] = "sgd"
    momentum: Momentum = 0.0
    dampening: Annotated[Decay, Field(description="Share of the gradient that is removed before it is added to the velocity.")] = 0.0
    nesterov: Annotated[bool, Field(description="Uses Nesterov's look-ahead; needs momentum above 0 and dampening 0.")] = False
    weight_decay: WeightDecay = 0.0

    options: ClassVar[dict[str, Any]] = FUSED
    torch_name: ClassVar[str] = "SGD"

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError("nesterov needs momentum above 0 and dampening 0")
        return self


class Adam(OptimizerChoice):
    """Adam: steps scaled by running moments of each weight's gradient.

    m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g^2;  w <- w - lr * m_hat / (sqrt(v_hat) + eps)
    `weight_decay` is coupled: it is added to the gradient, like an L2 penalty. For decoupled decay choose AdamW.

    Source: Kingma & Ba 2015 (arXiv:1412.6980); amsgrad: Reddi et al. 2018.
    """

    kind: Literal["adam"] = "adam"
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    amsgrad: Annotated[bool, Field(description="Divides by the largest second moment so far.", json_schema_extra={"advanced": True})] = (
        False
    )

    options: ClassVar[dict[str, Any]] = FUSED
    torch_name: ClassVar[str] = "Adam"


class AdamW(OptimizerChoice):
    """AdamW: Adam with decoupled weight decay.

    w <- w - lr * weight_decay * w, then Adam's step without decay in the gradient. The decay is not divided by sqrt(v_hat).

    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101).
    """

    kind: Literal["adamw"] = "adamw"
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 1e-2
    amsgrad: Annotated[bool, Field(description="Divides by the largest second moment so far.", json_schema_extra={"advanced": True})] = (
        False
    )

    options: ClassVar[dict[str, Any]] = FUSED
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
    momentum: Momentum = 0.0
    centered: Annotated[
        bool, Field(description="Divides by the running standard deviation instead.", json_schema_extra={"advanced": True})
    ] = False

    proportional: ClassVar[bool] = True
    torch_name: ClassVar[str] = "RMSprop"


class Adagrad(OptimizerChoice):
    """Adagrad: the gradient divided by the root of the sum of all its squares so far.

    s <- s + g^2;  w <- w - lr / (1 + t * lr_decay) * g / (sqrt(s) + eps). Features that occur rarely keep large steps.
    `weight_decay` is coupled.

    Source: Duchi, Hazan & Singer 2011 (JMLR 12).
    """

    kind: Literal["adagrad"] = "adagrad"
    lr: LearningRate = 1e-2
    lr_decay: Annotated[NonNegative, Field(description="Multiplies lr by 1 / (1 + updates * lr_decay).")] = 0.0
    weight_decay: WeightDecay = 0.0
    initial_accumulator_value: Annotated[
        NonNegative, Field(description="Initial sum of squares.", json_schema_extra={"advanced": True})
    ] = 0.0
    eps: Epsilon = 1e-10

    options: ClassVar[dict[str, Any]] = FUSED
    torch_name: ClassVar[str] = "Adagrad"


class NAdam(OptimizerChoice):
    """NAdam: Adam with Nesterov's look-ahead in the first moment.

    The coefficient of the first moment warms up as mu_t = b1 (1 - 0.5 * 0.96^(t * momentum_decay)). `weight_decay` is coupled
    unless `decoupled_weight_decay` is set.

    Source: Dozat 2016 (ICLR workshop).
    """

    kind: Literal["nadam"] = "nadam"
    lr: LearningRate = 2e-3
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    momentum_decay: Annotated[NonNegative, Field(description="How fast the look-ahead warms up.", json_schema_extra={"advanced": True})] = (
        4e-3
    )
    decoupled_weight_decay: Decoupled = False

    proportional: ClassVar[bool] = True
    torch_name: ClassVar[str] = "NAdam"


class RAdam(OptimizerChoice):
    """RAdam: Adam that rectifies its adaptive step while few gradients have been seen, so that it needs no warmup.

    Source: Liu et al. 2020 (arXiv:1908.03265). `weight_decay` is coupled unless `decoupled_weight_decay` is set.
    """

    kind: Literal["radam"] = "radam"
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    decoupled_weight_decay: Decoupled = False

    proportional: ClassVar[bool] = True
    torch_name: ClassVar[str] = "RAdam"


class Adamax(OptimizerChoice):
    """Adamax: Adam with the largest recent gradient in place of the mean square.

    u <- max(b2 u, |g| + eps);  w <- w - lr * m_hat / u. `weight_decay` is coupled. Source: Kingma & Ba 2015 (arXiv:1412.6980).
    """

    kind: Literal["adamax"] = "adamax"
    lr: LearningRate = 2e-3
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0

    proportional: ClassVar[bool] = True
    torch_name: ClassVar[str] = "Adamax"


class Adadelta(OptimizerChoice):
    """Adadelta: the gradient times the ratio of recent steps to recent gradients; it sets its own scale, so lr is 1.

    v <- rho v + (1-rho) g^2;  d = g * sqrt(u + eps) / sqrt(v + eps);  u <- rho u + (1-rho) d^2;  w <- w - lr * d.
    `weight_decay` is coupled. Source: Zeiler 2012 (arXiv:1212.5701).
    """

    kind: Literal["adadelta"] = "adadelta"
    lr: LearningRate = 1.0
    rho: Annotated[Decay, Field(description="Decay of the running mean squares.")] = 0.9
    eps: Epsilon = 1e-6
    weight_decay: WeightDecay = 0.0

    proportional: ClassVar[bool] = True
    torch_name: ClassVar[str] = "Adadelta"


class Rprop(OptimizerChoice):
    """Rprop: each weight has a step size that grows while its gradient keeps its sign and shrinks when the sign flips. For full batches.

    Source: Riedmiller & Braun 1993 (ICNN).
    """

    kind: Literal["rprop"] = "rprop"
    lr: LearningRate = 1e-2
    etas: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], Annotated[float, Field(gt=1, le=100)]],
        Field(description="Factors on the step size if the sign flips, and if it stays."),
    ] = (0.5, 1.2)
    step_sizes: Annotated[tuple[Positive, Positive], Field(description="Smallest and largest step size.")] = (1e-6, 50.0)

    torch_name: ClassVar[str] = "Rprop"


class Asgd(OptimizerChoice):
    """ASGD: SGD with a decaying rate that also averages its weights (torch trains with the last weights, not with the average).

    lr_t = lr / (1 + lambd * lr * t)^alpha. `weight_decay` is coupled. Source: Polyak & Juditsky 1992 (SIAM J. Control Optim. 30).
    """

    kind: Literal["asgd"] = "asgd"
    lr: LearningRate = 1e-2
    lambd: Annotated[NonNegative, Field(description="How fast the rate decays.")] = 1e-4
    alpha: Annotated[Positive, Field(description="Power of the decay.")] = 0.75
    t0: Annotated[Positive, Field(description="Update from which the weights are averaged.", json_schema_extra={"advanced": True})] = 1e6
    weight_decay: WeightDecay = 0.0

    torch_name: ClassVar[str] = "ASGD"


class Adafactor(OptimizerChoice):
    """Adafactor: stores the second moment of a matrix as one row and one column, and takes steps relative to the size of the weights.

    `weight_decay` is decoupled. Source: Shazeer & Stern 2018 (arXiv:1804.04235), in torch's form without a first moment.
    """

    kind: Literal["adafactor"] = "adafactor"
    lr: LearningRate = 1e-2
    beta2_decay: Annotated[float, Field(ge=-10, lt=0, description="The second moment's decay at update t is 1 - t^beta2_decay.")] = -0.8
    d: Annotated[float, Field(ge=1, le=1e6, description="Steps with a root mean square above this are scaled down to it.")] = 1.0
    weight_decay: WeightDecay = 0.0

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Adafactor"


class Lbfgs(OptimizerChoice):
    """L-BFGS: steps along an estimate of the inverse Hessian from past gradients; each update evaluates the loss several times.

    It is meant for full batches: on mini-batches its estimate mixes the curvatures of different losses.

    Source: Liu & Nocedal 1989 (Math. Prog. 45).
    """

    kind: Literal["lbfgs"] = "lbfgs"
    lr: LearningRate = 1.0
    max_iter: Annotated[int, Field(ge=1, le=1000, description="Most inner iterations in an update.")] = 20
    tolerance_grad: Annotated[
        NonNegative, Field(description="Ends the update when no component of the gradient is larger.", json_schema_extra={"advanced": True})
    ] = 1e-7
    tolerance_change: Annotated[
        NonNegative, Field(description="Ends the update when weights or loss change by less.", json_schema_extra={"advanced": True})
    ] = 1e-9
    history_size: Annotated[int, Field(ge=1, le=1000, description="Number of past gradients in the estimate.")] = 100
    line_search_fn: Annotated[Literal["strong_wolfe"] | None, Field(description="Line search for the step's length; none: lr is used.")] = (
        "strong_wolfe"
    )

    elementwise: ClassVar[bool] = False
    closure: ClassVar[bool] = True
    amplifies: ClassVar[bool] = True
    options: ClassVar[dict[str, Any]] = {}
    torch_name: ClassVar[str] = "LBFGS"

    @property
    def evaluations(self) -> int:
        """One for each inner iteration; the line search may add more."""
        return self.max_iter


class Muon(OptimizerChoice):
    """Muon: makes the momentum of each weight matrix nearly orthogonal before the step; AdamW updates biases and norms.

    `weight_decay` is decoupled. Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon); the schedule scales both rates.
    """

    kind: Literal["muon"] = "muon"
    lr: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.1
    momentum: Momentum = 0.95
    nesterov: Annotated[bool, Field(description="Uses Nesterov's look-ahead along the momentum.")] = True
    ns_steps: Annotated[int, Field(ge=1, le=20, description="Newton-Schulz iterations.", json_schema_extra={"advanced": True})] = 5
    adjust_lr_fn: Annotated[
        Literal["original", "match_rms_adamw"] | None,
        Field(description="How lr is adjusted to a matrix's shape.", json_schema_extra={"advanced": True}),
    ] = None
    adamw_lr: Annotated[LearningRate, Field(description="Learning rate of AdamW for parameters that are not matrices.")] = 1e-3

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Muon"

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """Muon for the matrices, AdamW (without decay) for the other parameters."""
        import torch

        matrices = [p for p in params if p.dim() == 2]
        others = [p for p in params if p.dim() != 2]
        arguments = {name: value for name, value in self.arguments().items() if name != "adamw_lr"}
        built: list[TorchOptimizer] = [torch.optim.Muon(matrices, **arguments)] if matrices else []
        return [*built, torch.optim.AdamW(others, lr=self.adamw_lr, weight_decay=0.0)] if others else built
