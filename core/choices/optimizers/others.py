"""Optimizers that torch does not have: those of the pytorch_optimizer package, and the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from core.choices.base import Decay, LearningRate, NonNegative, Positive
from core.choices.optimizers.base import Betas, Epsilon, OptimizerChoice, WeightDecay

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer as TorchOptimizer


class PackageOptimizer(OptimizerChoice):
    """An optimizer of the pytorch_optimizer package, where `weight_decay` is decoupled."""

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The package's optimizer over `params`."""
        import pytorch_optimizer

        return [getattr(pytorch_optimizer, self.torch_name)(list(params), **self.arguments(), **self.options)]


class Lion(PackageOptimizer):
    """Lion: each weight moves by lr, in the direction of the sign of the momentum.

    w <- w - lr * sign(b1 m + (1-b1) g);  m <- b2 m + (1-b2) g. Source: Chen et al. 2023 (arXiv:2302.06675).
    """

    kind: Literal["lion"] = "lion"
    lr: LearningRate = 1e-4
    betas: Betas = (0.9, 0.99)
    weight_decay: WeightDecay = 0.0

    torch_name: ClassVar[str] = "Lion"


class AdaBelief(PackageOptimizer):
    """AdaBelief: Adam that divides by how far the gradient deviates from its running mean.

    Source: Zhuang et al. 2020 (arXiv:2010.07468).
    """

    kind: Literal["adabelief"] = "adabelief"
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    eps: Epsilon = 1e-16

    torch_name: ClassVar[str] = "AdaBelief"


class Lamb(PackageOptimizer):
    """LAMB: Adam whose step in each layer is scaled to that layer's weight norm, for large batches.

    If the gradient of the whole network has a norm above max_grad_norm, it is scaled down first. Source: You et al. 2020
    (arXiv:1904.00962).
    """

    kind: Literal["lamb"] = "lamb"
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    max_grad_norm: Annotated[
        NonNegative, Field(description="Largest norm of the gradient. 0: no limit.", json_schema_extra={"advanced": True})
    ] = 1.0
    eps: Epsilon = 1e-6

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Lamb"


class Prodigy(PackageOptimizer):
    """Prodigy: Adam that estimates its learning rate from the distance it has moved; lr is a factor on the estimate.

    Source: Mishchenko & Defazio 2023 (arXiv:2306.06101).
    """

    kind: Literal["prodigy"] = "prodigy"
    lr: LearningRate = 1.0
    betas: Betas = (0.9, 0.999)
    d0: Annotated[Positive, Field(description="First estimate of the rate.", json_schema_extra={"advanced": True, "logarithmic": True})] = (
        1e-6
    )
    d_coef: Annotated[Positive, Field(description="Factor on the estimated rate.")] = 1.0
    weight_decay: WeightDecay = 0.0
    bias_correction: Annotated[
        bool, Field(description="Uses Adam's bias correction of the moments.", json_schema_extra={"advanced": True})
    ] = False
    safeguard_warmup: Annotated[
        bool, Field(description="Keeps the estimate from growing during a warmup.", json_schema_extra={"advanced": True})
    ] = False
    eps: Epsilon = 1e-8

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Prodigy"


class ScheduleFreeAdamW(PackageOptimizer):
    """Schedule-Free AdamW: needs no schedule; it trains near its newest weights and is evaluated at their running average.

    Source: Defazio et al. 2024 (arXiv:2405.15682).
    """

    kind: Literal["schedule_free_adamw"] = "schedule_free_adamw"
    lr: LearningRate = 2.5e-3
    betas: Annotated[
        tuple[Annotated[float, Field(ge=0.01, lt=1)], Decay],
        Field(description="Share of the average in the point where it trains (it divides by this), and decay of the running mean square."),
    ] = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    r: Annotated[
        NonNegative, Field(description="Power of the update number in the weights of the average.", json_schema_extra={"advanced": True})
    ] = 0.0
    weight_lr_power: Annotated[
        NonNegative, Field(description="Power of lr in the weights of the average.", json_schema_extra={"advanced": True})
    ] = 2.0
    warmup_steps: Annotated[
        int, Field(ge=0, le=1_000_000, description="Updates of linear warmup.", json_schema_extra={"unit": "updates"})
    ] = 0
    eps: Epsilon = 1e-8

    averaging: ClassVar[bool] = True
    torch_name: ClassVar[str] = "ScheduleFreeAdamW"


class Soap(PackageOptimizer):
    """SOAP: Adam in the eigenbasis of Shampoo's preconditioner. Source: Vyas et al. 2024 (arXiv:2409.11321)."""

    kind: Literal["soap"] = "soap"
    lr: LearningRate = 3e-3
    betas: Betas = (0.95, 0.95)
    weight_decay: WeightDecay = 1e-2
    precondition_frequency: Annotated[
        int,
        Field(ge=1, le=10_000, description="Updates between two computations of the eigenbasis.", json_schema_extra={"unit": "updates"}),
    ] = 10
    eps: Epsilon = 1e-8

    elementwise: ClassVar[bool] = False
    amplifies: ClassVar[bool] = True
    options: ClassVar[dict[str, Any]] = {}
    torch_name: ClassVar[str] = "SOAP"


class Custom(OptimizerChoice):
    """Custom: a torch optimizer class of your own, by its import path.

    `path` is `package.module.Class`, importable where the runs train; it is called as Class(params, lr=lr, **settings). It gets one run's
    parameters in their own shapes. Besides torch's `state` it may keep numbers, texts, tensors, lists and dicts as attributes.

    A run's key contains the path, not the code: if you change the code, change the path too, for example with a version number.
    """

    kind: Literal["custom"] = "custom"
    lr: LearningRate = 1e-3
    path: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", description="Import path of the class.")] = "torch.optim.SGD"
    settings: Annotated[
        dict[str, bool | int | float | str | tuple[float, ...]], Field(max_length=30, description="Other arguments of the class, by name.")
    ] = {}

    elementwise: ClassVar[bool] = False
    foreign: ClassVar[bool] = True

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The user's optimizer over `params`. Raises CustomOptimizerError, or an error of the class itself."""
        made: Callable[..., TorchOptimizer] = _imported(self.path)
        try:
            inspect.signature(made).bind(list(params), lr=self.lr, **self.settings)
        except TypeError as error:
            raise CustomOptimizerError(f"optimizer.settings: {self.path} does not take lr and these settings: {error}") from error
        try:
            optimizer = made(list(params), lr=self.lr, **self.settings)
        except (ValueError, TypeError) as error:
            raise CustomOptimizerError(f"optimizer.settings: {self.path} refuses these settings: {error}") from error
        if inspect.signature(type(optimizer).step).parameters.get("closure", _OPTIONAL).default is inspect.Parameter.empty:
            raise CustomOptimizerError(
                f"optimizer.path: the step of {self.path} needs a closure, which custom optimizers do not get; for torch's LBFGS use the "
                "kind lbfgs"
            )
        if "lr" not in optimizer.defaults:
            raise CustomOptimizerError(f"optimizer.path: {self.path} has no lr among its defaults, where a schedule sets it")
        return [optimizer]


_OPTIONAL = inspect.Parameter("closure", inspect.Parameter.KEYWORD_ONLY, default=None)


class CustomOptimizerError(ValueError):
    """A custom optimizer that cannot be used; the message says why."""


def _imported(path: str) -> type[TorchOptimizer]:
    """The optimizer class at an import path. Raises CustomOptimizerError."""
    from torch.optim import Optimizer as TorchOptimizer

    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise CustomOptimizerError(f"optimizer.path: {path} cannot be imported where the runs train: {error}") from error
    if not (isinstance(found, type) and issubclass(found, TorchOptimizer)):
        raise CustomOptimizerError(f"optimizer.path: {path} is not a subclass of torch.optim.Optimizer")
    return found
