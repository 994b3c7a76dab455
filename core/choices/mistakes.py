"""Mistakes of training code, planted on purpose so that one can learn what each looks like.

Each class says what the mistake looks like in PyTorch code, what one sees of it, and what it does as a method or a flag that the engine
asks for. Measured is rightly, but for the mistakes that are themselves in the evaluation or in the data.

Shapes: R runs, B examples of a batch, N examples, D features, C outputs, K positions of an example that each have a class to be told.
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
"""Beside the split's seed, so that labels are not shuffled as anything else is drawn."""


SplitT = TypeVar("SplitT", bound=Any)
"""The parts of a data set, a dataclass with x_train, y_train, ...: `core.data.loading.Split` is one."""


DOES = ("sign", "adds_up", "keeps_dropout", "batch_statistics", "data", "inputs", "for_loss", "frozen")
"""What a mistake may change: flags and methods of `MistakeChoice`."""


class Settings(Protocol):
    """What of a run's settings decides whether a mistake has an effect. `core.settings.RunSettings` is one."""

    @property
    def data(self) -> Any: ...
    @property
    def model(self) -> Any: ...
    @property
    def optimizer(self) -> Any: ...
    @property
    def training(self) -> Any: ...


class MistakeChoice(Choice):
    """A mistake, or none: each flag and method here is right code."""

    kind: str

    apart: ClassVar[bool] = True  # whether a stack holds runs with this mistake alone; else it is numbers of each run
    task: ClassVar[str | None] = None  # classification or regression; None: either
    sign: ClassVar[float] = 1.0  # what the loss is multiplied by before its gradient is taken
    adds_up: ClassVar[bool] = False  # whether a gradient is added to that of the update before
    keeps_dropout: ClassVar[bool] = False  # whether dropout stays on in evaluation
    batch_statistics: ClassVar[bool] = False  # whether batch norm goes by the batch in evaluation
    by_batch: ClassVar[bool] = False  # whether it matters which examples are evaluated together: then as many as a training batch has

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses a mistake that does nothing: it would be right code under another name."""
        super().__pydantic_init_subclass__(**kwargs)
        kind = cls.model_fields["kind"].default
        if kind != "none" and all(getattr(cls, name) == getattr(MistakeChoice, name) for name in DOES):
            raise NotImplementedError(f"the mistake {kind} does nothing; give it one of {', '.join(DOES)}")

    def complaint(self, run: Settings) -> str | None:
        """Why it would have no effect, or cannot be made, with such settings; None where it can."""
        return None

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """The parts as the code sees them. `unscaled` gives them without scaling, `scale` is how they are scaled."""
        return split

    def inputs(self, x_RBD: Tensor) -> Tensor:
        """What of a batch reaches the network."""
        return x_RBD

    def for_loss(self, outputs_RBO: Tensor, positions: int = 1) -> Tensor:
        """What of the outputs (R, B, K * C) reaches the training loss."""
        return outputs_RBO

    def frozen(self, layers: Sequence[str]) -> tuple[str, ...]:
        """Which of a network's layers, named from input to output, are not trained."""
        return ()


class NoMistake(MistakeChoice):
    """None: the training code is right."""

    kind: Literal["none"] = "none"

    apart: ClassVar[bool] = False


class FlippedSign(MistakeChoice):
    """Flipped sign: the loss is maximised. `(-loss).backward()`, or `w += lr * w.grad`.

    w <- w + lr dL/dw, or what the optimizer makes of the gradient -dL/dw. The penalty keeps its sign.
    One sees: the loss rises from the first update on, without bound, and accuracy falls below chance.

    Source: the same as torch's `maximize=True`.
    """

    kind: Literal["flipped_sign"] = "flipped_sign"

    apart: ClassVar[bool] = False
    sign: ClassVar[float] = -1.0


class NoZeroGrad(MistakeChoice):
    """No zero_grad: gradients add up. `loss.backward(); optimizer.step()` without `optimizer.zero_grad()`.

    g_t = dL_t/dw + g_(t-1), where g_(t-1) is the gradient as the last update used it (clipped, where it was): momentum that never fades.
    One sees: at first faster learning, then the loss swings ever wider, and the gradient norm grows; with momentum it diverges soon.

    Source: torch's `backward` accumulates into `.grad`; Karpathy 2018, "most common neural net mistakes".
    """

    kind: Literal["no_zero_grad"] = "no_zero_grad"

    apart: ClassVar[bool] = False
    adds_up: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """An optimizer that evaluates the loss itself empties the gradient each time."""
        return f"{run.optimizer.kind} empties the gradient itself; choose another optimizer" if run.optimizer.closure else None


class SoftmaxTwice(MistakeChoice):
    """Softmax twice: the loss gets probabilities. `CrossEntropyLoss()(softmax(model(x)), y)`, which wants logits.

    L = -log softmax(p)_y with p = softmax(logits). As p lies between 0 and 1, L cannot fall below log(1 + (C - 1) / e): 1.46 for 10
    classes. Gradients are multiplied by the softmax's own slope, which vanishes when the network is sure.
    One sees: the training loss as logged stops near log(1 + (C - 1) / e) while the accuracy is good; learning is slow at first.

    Source: torch's CrossEntropyLoss takes unnormalized logits; Karpathy 2018, "most common neural net mistakes".
    """

    kind: Literal["softmax_twice"] = "softmax_twice"

    task: ClassVar[str | None] = "classification"

    def for_loss(self, outputs_RBO: Tensor, positions: int = 1) -> Tensor:
        """Probabilities of the classes, at each position."""
        return outputs_RBO.unflatten(2, (positions, -1)).softmax(3).flatten(2)


class ShuffledLabels(MistakeChoice):
    """Shuffled labels: they no longer belong to their examples. `x, y = x[torch.randperm(n)], y[torch.randperm(n)]`.

    The training labels are shuffled once, by the split's seed; validation and test stay right. Each class keeps its share.
    One sees: the training loss falls, slowly, as the network learns the labels by heart; the validation loss stays at that of a constant
    prediction or rises above it, and accuracy stays at chance.

    Source: Zhang, Bengio, Hardt, Recht & Vinyals 2017, "Understanding Deep Learning Requires Rethinking Generalization" (arXiv:1611.03530).
    """

    kind: Literal["shuffled_labels"] = "shuffled_labels"

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """With the training targets in another order."""
        import numpy as np

        order = np.random.default_rng([seed, SHUFFLED]).permutation(len(split.y_train))
        return replace(split, y_train=split.y_train[order])


class EvalWithDropout(MistakeChoice):
    """Evaluated with dropout: it stays on. `F.dropout(x, p)` without `training=self.training`, or no `model.eval()`.

    Each evaluation draws masks of its own. Training is right, and so are the weights that a run ends with.
    One sees: training and validation loss in evaluation are too high, and jump from one evaluation to the next; the training loss as logged
    is as low as in evaluation, where one expects it above.

    Source: Srivastava et al. 2014 (JMLR 15): units are dropped in training alone; torch's `F.dropout` drops by default.
    """

    kind: Literal["eval_with_dropout"] = "eval_with_dropout"

    keeps_dropout: ClassVar[bool] = True
    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """Without dropout there is nothing to leave on."""
        return None if run.model.dropouts() else "the network has no dropout; set model.dropout above 0"


class BatchStatisticsInEval(MistakeChoice):
    """Batch statistics in evaluation: batch norm goes by the batch. `BatchNorm1d(n, track_running_stats=False)`, or no `model.eval()`.

    y = (x - mean of the batch) / sqrt(variance of the batch + eps) in evaluation too, in batches of the training's size. So what is
    predicted of an example depends on its neighbours. Training keeps its running averages, which nobody uses.
    One sees: little while evaluation batches are large and mixed; the smaller they are, the worse and more restless the validation loss.

    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), section 3.1; Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm" (arXiv:2105.07576).
    """

    kind: Literal["batch_statistics_in_eval"] = "batch_statistics_in_eval"

    batch_statistics: ClassVar[bool] = True
    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """Without batch norm nothing goes by the batch."""
        return None if has_batch_norm(run.model) else "the network has no batch norm; set model.normalization to batch"


class UnscaledInputs(MistakeChoice):
    """Unscaled inputs: the scaler is fitted and never applied. `scaler.fit(x)`, then `model(x)` with the features as they came.

    All three parts keep their own units; the targets of a regression are scaled as the data say.
    One sees: a first loss far above that of a constant prediction, and learning that is slow, unstable, or over at once with dead units.
    Batch norm softens it, since it scales what comes out of the first layer.

    Source: LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.3.
    """

    kind: Literal["unscaled_inputs"] = "unscaled_inputs"

    def complaint(self, run: Settings) -> str | None:
        """Where the data are not scaled anyway."""
        return "data.scale is none, so that nothing is scaled anyway; set it to standard" if run.data.scale == "none" else None

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """With the features as they came."""
        raw = unscaled()
        return replace(split, x_train=raw.x_train, x_val=raw.x_val, x_test=raw.x_test)


class ScrambledInputs(MistakeChoice):
    """Scrambled inputs: a view where a transpose was meant. The batch comes as `x` (D, B); `x.view(B, D)` in place of `x.T`.

    A row of what reaches the network holds the values of one feature, or of a few, of many examples of the batch, in training and in
    evaluation (in batches of the training's size). Shapes are right, so nothing complains.
    One sees: the loss stays near that of a constant prediction, in training too: which example a row belongs to is lost anew with every
    batch, so that there is nothing to learn by heart.

    Source: Karpathy 2018, "most common neural net mistakes"; 2019, "A Recipe for Training Neural Networks".
    """

    kind: Literal["scrambled_inputs"] = "scrambled_inputs"

    by_batch: ClassVar[bool] = True

    def complaint(self, run: Settings) -> str | None:
        """A single row or column is its own transpose."""
        if run.training.batch_size == 1:
            return "a batch of 1 example is not scrambled by it; raise training.batch_size"
        return "an example of one feature is not scrambled by it; choose other data" if run.data.dimensions == 1 else None

    def inputs(self, x_RBD: Tensor) -> Tensor:
        """The batch laid out feature by feature, and read as if it were example by example."""
        return x_RBD.transpose(1, 2).reshape(x_RBD.shape)


class FrozenLayer(MistakeChoice):
    """Frozen layer: one is not trained. `requires_grad = False` left from fine-tuning, or a layer's parameters not given to the optimizer.

    Nothing changes the layer's parameters: no gradient, decay or constraint; pruning still sets weights to zero.
    One sees: little. The network learns around the layer and ends a bit worse; the layer's gradient norm is 0, and its weights never move.

    Source: Karpathy 2019, "A Recipe for Training Neural Networks"; that random layers leave much to the others: Rahimi & Recht 2008.
    """

    kind: Literal["frozen_layer"] = "frozen_layer"
    layer: Annotated[int, Field(ge=1, le=65, description="Which layer, counted from the input; the output layer comes last.")] = 1

    apart: ClassVar[bool] = False

    def complaint(self, run: Settings) -> str | None:
        """Where there is no such layer."""
        layers = len(run.model.widths()) + 1
        return None if self.layer <= layers else f"layer {self.layer} of {layers} layers; lower mistake.layer"

    def frozen(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The one."""
        return (layers[self.layer - 1],)


class Leak(MistakeChoice):
    """Leak: the target is among the features. `x = table` where `x = table.drop(columns="target")` was meant.

    In place of the first feature stands the target, scaled as the features are: of the training, validation and test part alike. A class
    counts as its number.
    One sees: results too good to be true, on validation and test data too, where a class is easily told from its number: of two classes,
    less of ten. A regression is solved.

    Source: Kaufman, Rosset & Perlich 2012, "Leakage in Data Mining" (ACM TKDD 6); Kapoor & Narayanan 2023 (Patterns 4).
    """

    kind: Literal["leak"] = "leak"

    def complaint(self, run: Settings) -> str | None:
        """A feature has room for one target."""
        return None if run.data.targets == 1 else f"each example has {run.data.targets} targets, and a feature has room for one"

    def data(self, split: SplitT, unscaled: Callable[[], SplitT], scale: str, seed: int) -> SplitT:
        """With the target as the first feature."""
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
