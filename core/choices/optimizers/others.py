"""Optimizers that torch does not have: from the pytorch_optimizer package, and the user's own."""

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
    """One of the pytorch_optimizer package; `weight_decay` is decoupled there."""

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The package's optimizer over `params`."""
        import pytorch_optimizer

        return [getattr(pytorch_optimizer, self.torch_name)(list(params), **self.arguments(), **self.options)]


class Lion(PackageOptimizer):
    """Lion: a step of size lr in each weight, in the direction of the sign of the momentum.

    w <- w - lr * sign(b1 m + (1-b1) g);  m <- b2 m + (1-b2) g. Source: Chen et al. 2023 (arXiv:2302.06675).
    """

    kind: Literal["lion"] = "lion"
    lr: LearningRate = 1e-4
    betas: Betas = (0.9, 0.99)
    weight_decay: WeightDecay = 0.0

    torch_name: ClassVar[str] = "Lion"


class AdaBelief(PackageOptimizer):
    """AdaBelief: Adam that divides by how far the gradient strays from its running mean.

    Source: Zhuang et al. 2020 (arXiv:2010.07468).
    """

    kind: Literal["adabelief"] = "adabelief"
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    eps: Epsilon = 1e-16

    torch_name: ClassVar[str] = "AdaBelief"


class Lamb(PackageOptimizer):
    """LAMB: Adam's step of each layer scaled to that layer's weight norm, for large batches.

    Gradients longer than max_grad_norm over the whole network are scaled down first. Source: You et al. 2020 (arXiv:1904.00962).
    """

    kind: Literal["lamb"] = "lamb"
    betas: Betas = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    max_grad_norm: Annotated[
        NonNegative, Field(description="Longest gradient let through. 0: any.", json_schema_extra={"advanced": True})
    ] = 1.0
    eps: Epsilon = 1e-6

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Lamb"


class Prodigy(PackageOptimizer):
    """Prodigy: Adam that estimates its own learning rate from how far it has come; lr 1 leaves it to that.

    Source: Mishchenko & Defazio 2023 (arXiv:2306.06101).
    """

    kind: Literal["prodigy"] = "prodigy"
    lr: LearningRate = 1.0
    betas: Betas = (0.9, 0.999)
    d0: Annotated[Positive, Field(description="First guess of the rate.", json_schema_extra={"advanced": True, "logarithmic": True})] = 1e-6
    d_coef: Annotated[Positive, Field(description="Factor on the estimated rate.")] = 1.0
    weight_decay: WeightDecay = 0.0
    bias_correction: Annotated[bool, Field(description="Adam's correction of the young moments.", json_schema_extra={"advanced": True})] = (
        False
    )
    safeguard_warmup: Annotated[
        bool, Field(description="Keeps the estimate from growing on a warmup.", json_schema_extra={"advanced": True})
    ] = False
    eps: Epsilon = 1e-8

    elementwise: ClassVar[bool] = False
    torch_name: ClassVar[str] = "Prodigy"


class ScheduleFreeAdamW(PackageOptimizer):
    """Schedule-Free AdamW: no schedule; it trains near the newest weights and is evaluated at their running average.

    Source: Defazio et al. 2024 (arXiv:2405.15682).
    """

    kind: Literal["schedule_free_adamw"] = "schedule_free_adamw"
    lr: LearningRate = 2.5e-3
    betas: Annotated[
        tuple[Annotated[float, Field(ge=0.01, lt=1)], Decay],
        Field(description="How near to the average it trains (it divides by this), and decay of the gradient's running mean square."),
    ] = (0.9, 0.999)
    weight_decay: WeightDecay = 0.0
    r: Annotated[NonNegative, Field(description="Power of the update's number in the average.", json_schema_extra={"advanced": True})] = 0.0
    weight_lr_power: Annotated[NonNegative, Field(description="Power of lr in the average.", json_schema_extra={"advanced": True})] = 2.0
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
        int, Field(ge=1, le=10_000, description="Updates between two eigenbases.", json_schema_extra={"unit": "updates"})
    ] = 10
    eps: Epsilon = 1e-8

    elementwise: ClassVar[bool] = False
    amplifies: ClassVar[bool] = True
    options: ClassVar[dict[str, Any]] = {}
    torch_name: ClassVar[str] = "SOAP"


class Custom(OptimizerChoice):
    """Custom: a torch optimizer class of your own, by its import path.

    `path` is `package.module.Class`, importable where the runs train; it is called as Class(params, lr=lr, **settings). It sees one run's
    parameters in their own shapes. Besides torch's `state` it may keep numbers, texts, tensors, lists and dicts in attributes of its own.
    A run's key holds the path, not the code: change the path's version when the code changes.
    """

    kind: Literal["custom"] = "custom"
    lr: LearningRate = 1e-3
    path: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", description="Import path of the class.")] = "torch.optim.SGD"
    settings: Annotated[
        dict[str, bool | int | float | str | tuple[float, ...]], Field(max_length=30, description="Its other arguments, by name.")
    ] = {}

    elementwise: ClassVar[bool] = False
    foreign: ClassVar[bool] = True

    def build(self, params: Sequence[Tensor]) -> list[TorchOptimizer]:
        """The user's optimizer over `params`. Raises CustomOptimizerError, or what the class itself raises."""
        made: Callable[..., TorchOptimizer] = _imported(self.path)
        try:
            inspect.signature(made).bind(list(params), lr=self.lr, **self.settings)
        except TypeError as error:
            raise CustomOptimizerError(f"optimizer.settings: {self.path} does not take lr and these settings: {error}") from error
        try:
            optimizer = made(list(params), lr=self.lr, **self.settings)
        except (ValueError, TypeError) as error:
            raise CustomOptimizerError(f"optimizer.settings: {self.path} refuses them: {error}") from error
        if inspect.signature(type(optimizer).step).parameters.get("closure", _OPTIONAL).default is inspect.Parameter.empty:
            raise CustomOptimizerError(
                f"optimizer.path: {self.path} steps by a closure alone, which is not given; of torch's, lbfgs is a kind"
            )
        if "lr" not in optimizer.defaults:
            raise CustomOptimizerError(f"optimizer.path: {self.path} has no lr among its defaults, where a schedule would set it")
        return [optimizer]


_OPTIONAL = inspect.Parameter("closure", inspect.Parameter.KEYWORD_ONLY, default=None)


class CustomOptimizerError(ValueError):
    """A custom optimizer that cannot be had; the message says why."""


def _imported(path: str) -> type[TorchOptimizer]:
    """The optimizer class at an import path. Raises CustomOptimizerError."""
    from torch.optim import Optimizer as TorchOptimizer

    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise CustomOptimizerError(f"optimizer.path: {path} cannot be imported where the runs train: {error}") from error
    if not (isinstance(found, type) and issubclass(found, TorchOptimizer)):
        raise CustomOptimizerError(f"optimizer.path: {path} is no class of torch optimizers")
    return found
