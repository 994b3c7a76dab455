"""Pruning: sets weights to zero and keeps them there, while the other weights train on.

Shapes: W weights of the whole network or of one layer. A score says how much a weight (or unit) matters; the lowest scores are pruned.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from core.choices.base import ByKind, Choice, Fraction

if TYPE_CHECKING:
    from torch import Tensor

Scope = Annotated[
    Literal["global", "layer"], Field(description="Compares the weights of the whole network, or prunes the same share of each layer.")
]
Epoch = Annotated[int, Field(ge=0, le=100_000)]
Curve = Literal["geometric", "cubic"]
CURVES: dict[Curve, Callable[[float, float], float]] = {
    "geometric": lambda sparsity, share: 1 - (1 - sparsity) ** share,
    "cubic": lambda sparsity, share: sparsity * (1 - (1 - share) ** 3),
}
"""The sparsity after a share of the pruning events, from the final sparsity."""


SEEN = ("weights", "gradient", "movement", "uniform")
"""The inputs that a criterion may use, each (P,): the weights; the gradient of the mean loss on the whole training set; the sum of -w g
over the updates so far; uniform numbers in [0, 1) from the run's own stream. The engine computes only the inputs that some criterion of
the stack uses.
"""


class NoPruning(Choice):
    """None: no weight is pruned."""

    kind: Literal["none"] = "none"

    epochs: ClassVar[tuple[int, ...]] = ()
    rewind: ClassVar[None] = None
    by_unit: ClassVar[bool] = False

    @classmethod
    def looks_at(cls) -> tuple[str, ...]:
        """No inputs."""
        return ()


class PruningChoice(Choice):
    """What all kinds share: how many weights are pruned, when, and where the remaining weights continue."""

    kind: str
    sparsity: Annotated[Fraction, Field(description="Share of the weights (or units) that is zero after the last event.")] = 0.8
    epochs: Annotated[
        tuple[Epoch, ...],
        Field(
            min_length=1,
            max_length=100,
            description="Prunes at the end of these epochs (0: before training).",
            json_schema_extra={"unit": "epochs"},
        ),
    ] = (10,)
    curve: Annotated[
        Curve,
        Field(
            description="With several epochs: each prunes the same share of the remaining weights, or the first ones prune most and the "
            "last ones least."
        ),
    ] = "geometric"
    rewind: Annotated[
        Epoch | None,
        Field(
            description="After each event the remaining weights go back to their values of this epoch (0: the initial weights), with a "
            "new optimizer."
        ),
    ] = None

    by_unit: ClassVar[bool] = False
    score: ClassVar[Callable[..., Tensor]]
    """The score of each weight (P,); the lowest are pruned. Its parameters are named as in SEEN and choose its inputs."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError for a criterion without a score, or with a score that needs an input that the engine does not provide."""
        super().__pydantic_init_subclass__(**kwargs)
        if not hasattr(cls, "score"):
            raise TypeError(f"{cls.__name__} has no score(...) of {', '.join(SEEN)}")
        if unknown := [name for name in cls.looks_at() if name not in SEEN]:
            raise TypeError(f"{cls.__name__}.score has a parameter {unknown[0]}; allowed: {', '.join(SEEN)}")

    @classmethod
    def looks_at(cls) -> tuple[str, ...]:
        """The names of the parameters of `score`."""
        return tuple(inspect.signature(cls.score).parameters)[1:]

    @model_validator(mode="after")
    def _epochs_are_in_order(self) -> Self:
        if list(self.epochs) != sorted(set(self.epochs)):
            raise ValueError("the pruning epochs must be in ascending order, each named once")
        if self.rewind is not None and self.rewind > self.epochs[0]:
            raise ValueError(f"rewind: {self.rewind} is after the first pruning epoch, {self.epochs[0]}")
        return self

    @property
    def by_layer(self) -> bool:
        """Whether the same share of each layer is pruned."""
        return self.by_unit or getattr(self, "scope", "global") == "layer"

    def target(self, epoch: int) -> float:
        """The sparsity after the event at the end of `epoch`, which must be one of `epochs`.

        Event k of n: 1 - (1 - sparsity)^(k/n), or sparsity (1 - (1 - k/n)^3) (Zhu & Gupta 2017, arXiv:1710.01878).
        """
        share = (self.epochs.index(epoch) + 1) / len(self.epochs)
        return CURVES[self.curve](self.sparsity, share)


class MagnitudePruning(PruningChoice):
    """Magnitude: the weights with the smallest absolute values are set to zero for good.

    Source: Han et al. 2015 (arXiv:1506.02626); as torch.nn.utils.prune's L1Unstructured, over the network or by layer. With `rewind` and
    several epochs: lottery tickets, Frankle & Carbin 2019 (arXiv:1803.03635).
    """

    kind: Literal["magnitude"] = "magnitude"
    scope: Scope = "global"

    def score(self, weights: Tensor) -> Tensor:
        """|w|."""
        return weights.abs()


class RandomPruning(PruningChoice):
    """Random: randomly chosen weights, from the run's own stream; this is the baseline that any other criterion must beat."""

    kind: Literal["random"] = "random"
    scope: Scope = "global"

    def score(self, uniform: Tensor) -> Tensor:
        """The drawn numbers themselves."""
        return uniform


class UnitPruning(PruningChoice):
    """Units: the hidden units with the smallest incoming weights, the same share of each layer; the network can then be made smaller.

    Source: Li et al. 2017 (arXiv:1608.08710), for fully connected layers.
    """

    kind: Literal["units"] = "units"

    by_unit: ClassVar[bool] = True

    def score(self, weights: Tensor) -> Tensor:
        """|w|, which is then summed over the incoming weights of each unit."""
        return weights.abs()


class GradientPruning(PruningChoice):
    """Gradient: the weights whose removal would change the loss least to first order, |w g|, with g on the whole training set.

    Source: Molchanov et al. 2017 (arXiv:1611.06440).
    """

    kind: Literal["gradient"] = "gradient"
    scope: Scope = "global"

    def score(self, weights: Tensor, gradient: Tensor) -> Tensor:
        """|w g|."""
        return (weights * gradient).abs()


class Snip(PruningChoice):
    """SNIP: the same score as gradient, before the first update, so that only the important connections are ever trained.

    Source: Lee et al. 2019 (arXiv:1810.02340), with the gradient on the whole training set instead of one batch.
    """

    kind: Literal["snip"] = "snip"
    epochs: Annotated[tuple[Literal[0]], Field(description="Before training.", json_schema_extra={"unit": "epochs", "advanced": True})] = (
        0,
    )
    scope: Scope = "global"

    def score(self, weights: Tensor, gradient: Tensor) -> Tensor:
        """|w g|."""
        return (weights * gradient).abs()


class MovementPruning(PruningChoice):
    """Movement: the weights that training pushes towards zero; the score is the sum of -w g over the updates so far.

    Source: Sanh, Wolf & Rush 2020 (arXiv:2005.07683), with scores that are summed during training instead of learned.
    """

    kind: Literal["movement"] = "movement"
    scope: Scope = "global"

    def score(self, movement: Tensor) -> Tensor:
        """The movement itself."""
        return movement


def mask_of(scores_W: Tensor, sparsity: float) -> Tensor:
    """True for the weights that stay (W,): all except the round(sparsity * W) weights with the lowest scores."""
    import torch

    count = round(sparsity * scores_W.numel())
    keep_W = torch.ones_like(scores_W, dtype=torch.bool)
    if count:
        keep_W[torch.topk(scores_W, count, largest=False).indices] = False
    return keep_W


Pruning = Annotated[
    NoPruning | MagnitudePruning | RandomPruning | UnitPruning | GradientPruning | Snip | MovementPruning,
    Field(discriminator="kind"),
    ByKind,
]
