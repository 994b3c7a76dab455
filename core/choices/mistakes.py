"""Mistakes in training code, planted on purpose so that users can learn what each one looks like.

Each class says how the mistake looks in PyTorch code, what its symptoms are, and what it changes, as a method or a flag that the engine
reads. The measurements are correct, except for mistakes that are part of the evaluation or of the data.

Shapes: R runs, B examples of a batch, N examples, D features, C outputs, K classified positions of an example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field

from core.choices.base import ByKind, Choice
from core.choices.models import has_batch_norm

if TYPE_CHECKING:
    from torch import Tensor

SHUFFLED = 4
"""Added to the split's seed, so that labels are shuffled independently of all other draws."""


SplitT = TypeVar("SplitT", bound=Any)
"""The parts of a data set: a dataclass with x_train, y_train, ..., such as `core.data.loading.Split`."""


DOES = ("sign", "adds_up", "keeps_dropout", "batch_statistics", "data", "inputs", "for_loss", "frozen")
"""What a mistake may change: flags and methods of `MistakeChoice`."""


class Settings(Protocol):
    """The settings of a run that decide whether a mistake has an effect, such as `core.settings.RunSettings`."""

    @property
    def data(self) -> Any: ...
    @property
    def model(self) -> Any: ...
    @property
    def optimizer(self) -> Any: ...
    @property
    def training(self) -> Any: ...


class MistakeChoice(Choice):
    """A mistake, or none: the flags and methods of this class describe correct code."""

    kind: str

    apart: ClassVar[bool] = True  # whether all runs of a stack must share this mistake; else it is a number of each run
    task: ClassVar[str | None] = None  # classification or regression; None: both
    sign: ClassVar[float] = 1.0  # factor on the loss before its gradient is taken
    adds_up: ClassVar[bool] = False  # whether the gradient of the previous update is added
    keeps_dropout: ClassVar[bool] = False  # whether dropout stays on in evaluation
    batch_statistics: ClassVar[bool] = False  # whether batch norm uses batch statistics in evaluation
    by_batch: ClassVar[bool] = (
        False  # whether the result depends on which examples are evaluated together; then batches have the training batch size
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses a mistake that changes nothing: it would be correct code under another name."""
        super().__pydantic_init_subclass__(**kwargs)
        kind = cls.model_fields["kind"].default
        if kind != "none" and all(getattr(cls, name) == getattr(MistakeChoice, name) for name in DOES):
            raise NotImplementedError(f"the mistake {kind} does nothing; give it one of {', '.join(DOES)}")

    def complaint(self, run: Settings) -> str | None:
        """Why the mistake would have no effect, or is impossible, with these settings; None if it works."""
        return None

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """The parts as the training code sees them. `unscaled` returns them without scaling; `scale` is how they are scaled."""
        return split

    def inputs(self, x_RBD: Tensor) -> Tensor:
        """The batch as it reaches the network."""
        return x_RBD

    def for_loss(self, outputs_RBO: Tensor, positions: int = 1) -> Tensor:
        """The outputs (R, B, K * C) as they reach the training loss."""
        return outputs_RBO

    def frozen(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The layers that are not trained; `layers` are the network's layers from input to output."""
        return ()


class NoMistake(MistakeChoice):
    """None: the training code is correct."""

    kind: Literal["none"] = "none"

    apart: ClassVar[bool] = False


class FlippedSign(MistakeChoice):
    """Flipped sign: the loss is maximised. `(-loss).backward()`, or `w += lr * w.grad`.

    w <- w + lr dL/dw, or the optimizer's step for the gradient -dL/dw. The penalty keeps its sign.

    One sees: the loss rises without bound from the first update on, and the accuracy falls below chance.

    Source: the same as torch's `maximize=True`.
    """

    kind: Literal["flipped_sign"] = "flipped_sign"

    apart: ClassVar[bool] = False
    sign: ClassVar[float] = -1.0


class NoZeroGrad(MistakeChoice):
    """No zero_grad: gradients add up. `loss.backward(); optimizer.step()` without `optimizer.zero_grad()`.

    g_t = dL_t/dw + g_(t-1), where g_(t-1) is the gradient that the last update used (after clipping): like momentum that never decays.

    One sees: learning is faster at first; then the loss oscillates more and more and the gradient norm grows; with momentum it diverges
    soon.

    Source: torch's `backward` accumulates into `.grad`; Karpathy 2018, "most common neural net mistakes".
    """

    kind: Literal["no_zero_grad"] = "no_zero_grad"

    apart: ClassVar[bool] = False
    adds_up: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """Not possible with an optimizer that evaluates the loss itself, because it resets the gradient each time."""
        return f"{run.optimizer.kind} resets the gradient itself; choose another optimizer" if run.optimizer.closure else None


class SoftmaxTwice(MistakeChoice):
    """Softmax twice: the loss gets probabilities instead of logits. `CrossEntropyLoss()(softmax(model(x)), y)`.

    L = -log softmax(p)_y with p = softmax(logits). As p lies between 0 and 1, L cannot fall below log(1 + (C - 1) / e): 1.46 for 10
    classes. Gradients are multiplied by the slope of the first softmax, which vanishes when the network is certain.

    One sees: the training loss as logged stops near log(1 + (C - 1) / e) although the accuracy is good; learning is slow at first.

    Source: torch's CrossEntropyLoss takes unnormalized logits; Karpathy 2018, "most common neural net mistakes".
    """

    kind: Literal["softmax_twice"] = "softmax_twice"

    task: ClassVar[str | None] = "classification"

    def for_loss(self, outputs_RBO: Tensor, positions: int = 1) -> Tensor:
        """The probabilities of the classes, at each position."""
        return outputs_RBO.unflatten(2, (positions, -1)).softmax(3).flatten(2)


class ShuffledLabels(MistakeChoice):
    """Shuffled labels: they no longer belong to their examples. `x, y = x[torch.randperm(n)], y[torch.randperm(n)]`.

    The training labels are shuffled once, by the split's seed; validation and test labels stay right. Each class keeps its share.

    One sees: the training loss falls slowly, while the network memorizes the labels; the validation loss stays at that of a constant
    prediction or rises above it, and the accuracy stays at chance.

    Source: Zhang, Bengio, Hardt, Recht & Vinyals 2017, "Understanding Deep Learning Requires Rethinking Generalization" (arXiv:1611.03530).
    """

    kind: Literal["shuffled_labels"] = "shuffled_labels"

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """The parts with shuffled training targets."""
        import numpy as np

        order = np.random.default_rng([seed, SHUFFLED]).permutation(len(split.y_train))
        return replace(split, y_train=split.y_train[order])


class EvalWithDropout(MistakeChoice):
    """Evaluated with dropout: dropout stays on in evaluation. `F.dropout(x, p)` without `training=self.training`, or no `model.eval()`.

    Each evaluation draws its own masks. Training is correct, and so are the final weights of a run.

    One sees: training and validation loss in evaluation are too high, and jump from one evaluation to the next; the training loss as logged
    is as low as in evaluation, although one expects it to be higher.

    Source: Srivastava et al. 2014 (JMLR 15): units are dropped only in training; torch's `F.dropout` drops by default.
    """

    kind: Literal["eval_with_dropout"] = "eval_with_dropout"

    keeps_dropout: ClassVar[bool] = True
    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """Without dropout the mistake has no effect."""
        return None if run.model.dropouts() else "the network has no dropout; set model.dropout above 0"


class BatchStatisticsInEval(MistakeChoice):
    """Batch statistics in evaluation: batch norm uses them. `BatchNorm1d(n, track_running_stats=False)`, or no `model.eval()`.

    y = (x - mean of the batch) / sqrt(variance of the batch + eps) in evaluation too, in batches of the training batch size. So the
    prediction for an example depends on the other examples of its batch. Training updates running averages that nothing uses.

    One sees: little if evaluation batches are large and mixed; with smaller batches the validation loss is higher and noisier.

    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), section 3.1; Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm" (arXiv:2105.07576).
    """

    kind: Literal["batch_statistics_in_eval"] = "batch_statistics_in_eval"

    batch_statistics: ClassVar[bool] = True
    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """Without batch norm the mistake has no effect."""
        return None if has_batch_norm(run.model) else "the network has no batch norm; set model.normalization to batch"


class UnscaledInputs(MistakeChoice):
    """Unscaled inputs: the scaler is fitted but never applied. `scaler.fit(x)`, then `model(x)` with the original features.

    All three parts keep their own units; the targets of a regression are scaled as the data settings say.

    One sees: a first loss far above that of a constant prediction, and learning that is slow or unstable, or that stops at once with dead
    units. Batch norm weakens the effect, because it rescales the outputs of the first layer.

    Source: LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.3.
    """

    kind: Literal["unscaled_inputs"] = "unscaled_inputs"

    def complaint(self, run: Settings) -> str | None:
        """Without scaling in the data settings the mistake has no effect."""
        return "data.scale is none, so there is no scaling to leave out; set it to standard" if run.data.scale == "none" else None

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """The parts with their original features."""
        raw = unscaled()
        return replace(split, x_train=raw.x_train, x_val=raw.x_val, x_test=raw.x_test)


class ScrambledInputs(MistakeChoice):
    """Scrambled inputs: `view` is used instead of a transpose. The batch comes as `x` (D, B); `x.view(B, D)` in place of `x.T`.

    A row that reaches the network holds the values of one or a few features for many examples of the batch, in training and in
    evaluation (in batches of the training batch size). The shapes are right, so no error is raised.

    One sees: the loss stays near that of a constant prediction, in training too: every batch mixes its examples in a new way, so that the
    network cannot even memorize them.

    Source: Karpathy 2018, "most common neural net mistakes"; 2019, "A Recipe for Training Neural Networks".
    """

    kind: Literal["scrambled_inputs"] = "scrambled_inputs"

    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """A matrix with one row or one column is not changed by it."""
        if run.training.batch_size == 1:
            return "it does not scramble a batch of 1 example; raise training.batch_size"
        return "it does not scramble examples with one feature; choose other data" if run.data.dimensions == 1 else None

    def inputs(self, x_RBD: Tensor) -> Tensor:
        """The batch written feature by feature, and read as if it were written example by example."""
        return x_RBD.transpose(1, 2).reshape(x_RBD.shape)


class FrozenLayer(MistakeChoice):
    """Frozen layer: one layer is not trained. `requires_grad = False` left from fine-tuning, or a layer missing in the optimizer.

    Nothing changes the layer's parameters: no gradient, decay or constraint; pruning still sets weights to zero.

    One sees: little. The other layers compensate, and the network ends slightly worse; the layer's gradient norm is 0, and its weights
    never change.

    Source: Karpathy 2019, "A Recipe for Training Neural Networks"; random layers leave much to the others: Rahimi & Recht 2008.
    """

    kind: Literal["frozen_layer"] = "frozen_layer"
    layer: Annotated[int, Field(ge=1, le=65, description="Number of the layer, counted from the input; the output layer is the last.")] = 1

    apart: ClassVar[bool] = False

    def complaint(self, run: Settings) -> str | None:
        """The layer must exist."""
        layers = len(run.model.widths()) + 1
        return None if self.layer <= layers else f"layer {self.layer} of {layers} layers; lower mistake.layer"

    def frozen(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The chosen layer."""
        return (layers[self.layer - 1],)


class Leak(MistakeChoice):
    """Leak: the target is among the features. `x = table` instead of `x = table.drop(columns="target")`.

    The target replaces the first feature, scaled as the features are, in the training, validation and test part. A class is given as its
    number.

    One sees: results too good to be true, on validation and test data too, if the class is easy to tell from its number: more so with two
    classes than with ten. A regression is solved.

    Source: Kaufman, Rosset & Perlich 2012, "Leakage in Data Mining" (ACM TKDD 6); Kapoor & Narayanan 2023 (Patterns 4).
    """

    kind: Literal["leak"] = "leak"

    def complaint(self, run: Settings) -> str | None:
        """One feature has room for only one target."""
        return None if run.data.targets == 1 else f"each example has {run.data.targets} targets, but one feature has room for only one"

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """The parts with the target as the first feature."""
        known = split.y_train
        low, span = {"standard": (known.mean(), known.std()), "minmax": (known.min(), float(known.max() - known.min()))}.get(scale, (0, 1))
        told = {}
        for part in ("train", "val", "test"):
            x_ND = getattr(split, f"x_{part}").copy()
            x_ND[:, 0] = (getattr(split, f"y_{part}") - low) / (span or 1.0)
            told[f"x_{part}"] = x_ND
        return replace(split, **told)


Mistake = Annotated[
    NoMistake
    | FlippedSign
    | NoZeroGrad
    | SoftmaxTwice
    | ShuffledLabels
    | EvalWithDropout
    | BatchStatisticsInEval
    | UnscaledInputs
    | ScrambledInputs
    | FrozenLayer
    | Leak,
    Field(discriminator="kind"),
    ByKind,
]
