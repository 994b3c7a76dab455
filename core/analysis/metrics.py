"""The one table of what is measured: what each column is called, its unit, which direction is better, and where it is measured.

Charts, tables, verdicts, the choices of a metric and the exports read it. A new metric is a row here, its column's name in
`core.engine.records`, and the function that computes it. Contract tests hold this table, the records and the stopping rules equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal

from pandas import DataFrame

Task = Literal["classification", "regression"]
Axis = Literal["epoch", "step", "samples", "seconds"]
"""What a curve runs along."""
Where = Literal["history", "layers", "end", "summary"]

CLASSES: tuple[Task, ...] = ("classification",)
NUMBERS: tuple[Task, ...] = ("regression",)
BOTH: tuple[Task, ...] = ("classification", "regression")

FRACTION = "fraction"
OF_TARGET = "unit of the target"
OF_LOSS = "unit of the loss"
"""Stands for the unit that `loss_unit` tells of a history."""
NATS = "nats"
STANDARDISED = "MSE / target variance"
AS_THEY_ARE = "mean squared error"
LOSS_IN_WORDS = {
    NATS: "Cross-entropy in nats, the mean over the examples.",
    STANDARDISED: "Mean squared error, in units of the training target's variance: 1 is what always predicting the mean has there.",
    AS_THEY_ARE: "Mean squared error, in the squared unit of the target.",
}
NO_LOSS = ""
"""The unit for a title of what is no loss: an axis, a measure by layer."""
COUNT, SHARE = ",d", ".3f"


@dataclass(frozen=True)
class Metric:
    """What a column of numbers means.

    `better` is None where no direction is. `twin` is the same measured on the training data. `watched`: stopping rules may go by it.
    `form` is a format of Python and of d3. `about` is one sentence of help, `undefined` says when there is no value.
    """

    column: str
    name: str
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    twin: str | None = None
    tasks: tuple[Task, ...] = BOTH
    where: tuple[Where, ...] = ("history",)
    form: str = ".4g"
    about: str = ""
    undefined: str = ""
    watched: bool = False

    @property
    def offered(self) -> bool:
        """Whether runs can be judged by it over the course of training."""
        return self.better is not None and "history" in self.where


_SCORES = (
    Metric("loss", "loss", OF_LOSS, "lower", watched=True),
    Metric("accuracy", "accuracy", FRACTION, "higher", tasks=CLASSES, form=SHARE, watched=True,
           about="Share of the examples that are classified right."),
    Metric("f1", "F1", FRACTION, "higher", tasks=CLASSES, form=SHARE, watched=True,
           about="Macro average: the mean of F1 over the classes."),
    Metric("rmse", "RMSE", OF_TARGET, "lower", tasks=NUMBERS, about="Root of the mean squared error, in the unit of the target."),
    Metric("mae", "MAE", OF_TARGET, "lower", tasks=NUMBERS, about="Mean absolute error, in the unit of the target."),
    Metric("r2", "R²", "", "higher", tasks=NUMBERS, form=SHARE, about="1 - mean squared error / variance of the part's targets.",
           undefined="it is not defined where all targets are the same"),
)  # fmt: skip

_UNSEEN = "On data that no decision was made on, once, at the end of each run."


def _column(part: str, score: str) -> str:
    """The training loss in eval mode has a name of its own, since `train_loss` is the loss as it was trained."""
    return "train_loss_eval" if (part, score) == ("train", "loss") else f"{part}_{score}"


def _of_part(part: str, words: str, where: tuple[Where, ...] = ("history",)) -> tuple[Metric, ...]:
    twin = part == "val"
    return tuple(
        replace(
            score,
            column=_column(part, score.column),
            name=f"{words} {score.name}",
            twin=_column("train", score.column) if twin else None,
            where=where,
            about=" ".join(filter(None, (score.about, _UNSEEN if part == "test" else ""))),
            watched=score.watched and twin,
        )
        for score in _SCORES
    )


def _baseline(part: str, words: str) -> tuple[Metric, ...]:
    constant = "What always saying the same reaches: the training part's most frequent class (for the loss its class shares), or its mean."
    return tuple(
        replace(metric, column=f"baseline_{metric.column}", name=f"baseline's {metric.name}", twin=None, about=constant, watched=False)
        for metric in _of_part(part, words, ("end",))
    )


_ROWS = (
    *_of_part("val", "validation"),
    *_of_part("train", "training"),
    Metric("train_loss", "training loss as logged", "", "lower",
           about="Of the loss that the run minimises, whichever it is; the mean over the epoch's batches, as they were trained."),
    Metric("penalty", "penalty", OF_LOSS, about="What the penalty added to the loss, apart from it."),
    *_of_part("test", "test", ("end",)),
    *_baseline("val", "validation"),
    *_baseline("test", "test"),
    Metric("target_std", "spread of the target", OF_TARGET, tasks=NUMBERS, where=("end",),
           about="Standard deviation of the training part's targets, in their own unit."),
    Metric("lr", "learning rate"),
    Metric("grad_norm", "gradient norm", where=("history", "layers")),
    Metric("update_ratio", "update size / weight size", where=("history", "layers")),
    Metric("weight_norm", "weight norm", where=("history", "layers")),
    Metric("sparsity", "exact zeros", FRACTION, where=("history", "layers"), form=SHARE),
    Metric("near_zero", "near zeros", FRACTION, where=("history", "layers"), form=SHARE),
    Metric("dead_fraction", "dead units", FRACTION, where=("history", "layers"), form=SHARE),
    Metric("distance", "distance from the start", where=("history", "layers"),
           about="Euclidean norm of all parameters minus those before the first update."),
    Metric("weight_change", "weight change", where=("history", "layers"),
           about="Euclidean norm of what all parameters changed by since the measurement before.",
           undefined="it is not defined at the first measurement"),
    Metric("update_cosine", "cosine of successive updates", where=("history", "layers"), form=SHARE,
           about="Between the last update and the one before it: 1 is a straight line, below 0 a zigzag.",
           undefined="it is not defined before the second update"),
    Metric("unit_cosine", "cosine between units", where=("layers",), form=SHARE,
           about="Mean absolute cosine between the incoming weights of two units of a layer: 1 where all look for the same.",
           undefined="it is not defined for fewer than two units with weights"),
    Metric("effective_rank", "effective rank", "dimensions", where=("layers",), form=".2f",
           about="exp of the entropy of the singular values of a layer's matrix, as shares of their sum: from 1 to its shorter side. "
           "Measured before the first update, after 1, 2, 4, 8, ... epochs, and at the end.",
           undefined="it is not defined for a matrix of zeros"),
    Metric("activation_mean", "mean activation", where=("layers",)),
    Metric("activation_std", "spread of activations", "standard deviation over examples", where=("layers",)),
    Metric("low", "lowest weight", where=("layers",)),
    Metric("high", "highest weight", where=("layers",)),
    Metric("seconds", "training time", "s", where=("history", "end")),
    Metric("epoch", "epoch", where=("history", "end")),
    Metric("step", "updates", where=("history", "end"), form=COUNT),
    Metric("samples", "examples seen", where=("history", "end"), form=COUNT),
    Metric("epochs", "epochs asked for", where=("end",), form=COUNT),
    Metric("parameters", "parameters", where=("end", "summary"), form=COUNT,
           about="Of the network: all its weights and biases, norms included."),
    Metric("nonzero", "non-zero parameters", where=("end", "summary"), form=COUNT,
           about="How many of the parameters are not 0 at the end; of a variant, on average over its seeds."),
    Metric("compression", "compression", where=("summary",), form=".2f", about="Parameters / non-zero parameters."),
    Metric("seed", "seed", where=("history", "layers", "end"), form=COUNT),
    Metric("n", "seeds", where=("summary",), form=COUNT, about="Runs of this variant that are stored or on their way."),
    Metric("diverged", "diverged", where=("summary",), form=COUNT, about="Runs that diverged. They are in no mean."),
    Metric("counted", "in the mean", where=("summary",), form=COUNT,
           about="Seeds that have a value: not those that diverged, have not begun, or were stored before this was measured."),
    Metric("mean", "mean", where=("summary",), about="Of the metric, over the seeds that did not diverge."),
    Metric("std", "standard deviation", where=("summary",), about="Of the metric, over the seeds that did not diverge."),
    Metric("ci_low", "95 % from", where=("summary",), about="Lower end of the mean's interval (t distribution over seeds)."),
    Metric("ci_high", "95 % to", where=("summary",), about="Upper end of the mean's interval (t distribution over seeds)."),
    Metric("best", "best", where=("summary",), about="Mean over seeds of the best value that each run ever reached."),
    Metric("baseline", "baseline", where=("summary",), about="What always saying the same reaches in the metric."),
)  # fmt: skip

TESTS = tuple(metric.column for metric in _of_part("test", "test"))
OF_THE_DATA = ("target_std", *(metric.column for metric in _baseline("test", "test")))
"""Columns of a run that its data alone decide."""

METRICS: dict[str, Metric] = {metric.column: metric for metric in _ROWS}
"""By column."""

OF_TRAINING = frozenset(metric.column for metric in _of_part("train", "training")) | {"dead_fraction", "activation_mean", "activation_std"}
"""What is measured on the training data, or on a sample of them."""

_sample: ContextVar[str] = ContextVar("sample", default="")

OF_A_RUN = {"last_": "last", "best_": "best"}
"""Prefixes of a run's columns that hold one value of a metric of its history."""


def find(column: str) -> Metric | None:
    """What a column means; of `last_val_loss` and `best_val_loss`, made of the metric's row. None for what is no metric."""
    for prefix, word in OF_A_RUN.items():
        of = METRICS.get(column.removeprefix(prefix))
        if column.startswith(prefix) and of is not None:
            return replace(of, column=column, name=f"{word} {of.name}", twin=None, where=("end",), watched=False)
    return METRICS.get(column)


@contextmanager
def of_sample(said: str) -> Iterator[None]:
    """Within it, names and titles of what is measured on training data say so: "1,000 examples"; an empty text: on all of them.

    It stands around the making of a chart, so that no chart that names such a column can forget it.
    """
    token = _sample.set(said)
    try:
        yield
    finally:
        _sample.reset(token)


def name(column: str) -> str:
    """The column in words, as within a sentence; of what is no metric, its own name."""
    metric = find(column)
    return _with(metric.name if metric else column.replace("_", " "), _sample_of(column))


def heading(column: str) -> str:
    """`Validation loss`: in words, as over a column or a chart."""
    metric = find(column)
    words = metric.name if metric else column.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def title(column: str, loss: str) -> str:
    """The column in words with its unit in brackets, if it has one; `loss` is the unit of losses, from `loss_unit`."""
    metric = find(column)
    unit = metric.unit if metric else ""
    unit = loss if unit == OF_LOSS else unit
    return _with(metric.name if metric else column.replace("_", " "), unit, _sample_of(column))


def _sample_of(column: str) -> str:
    return _sample.get() if column in OF_TRAINING else ""


def _with(words: str, *said: str) -> str:
    """The words with what is to be said in brackets."""
    inside = ", ".join(filter(None, said))
    return f"{words} ({inside})" if inside else words


def about(column: str, loss: str) -> str:
    """A sentence of help; `loss` is the unit of losses, from `loss_unit`."""
    metric = find(column)
    if metric is None:
        return ""
    loss_said = LOSS_IN_WORDS.get(loss, "") if metric.unit == OF_LOSS else ""
    undefined = f"{metric.undefined[:1].upper()}{metric.undefined[1:]}." if metric.undefined else ""
    return " ".join(filter(None, [loss_said, metric.about, undefined]))


def higher_is_better(column: str) -> bool:
    """Whether a larger value is the better one; lower is better for what has no direction."""
    metric = find(column)
    return metric is not None and metric.better == "higher"


def is_fraction(column: str) -> bool:
    """Whether its values lie between 0 and 1."""
    metric = find(column)
    return metric is not None and metric.unit == FRACTION


def is_loss(column: str) -> bool:
    """Whether it is in the unit of the loss."""
    metric = find(column)
    return metric is not None and metric.unit == OF_LOSS


def is_error(column: str) -> bool:
    """Whether lower is better: a loss, or an error in the target's unit. It is positive, and may be drawn on a logarithmic axis."""
    metric = find(column)
    return metric is not None and metric.better == "lower"


def twin(column: str) -> str | None:
    """The same measured on the training data."""
    metric = find(column)
    return metric.twin if metric else None


def of_tasks(tasks: Collection[Task], *, validated: bool = True) -> list[str]:
    """The metrics by which runs of these tasks can be judged, validation first; without validation data, those of training alone."""
    rows = [metric for metric in METRICS.values() if metric.offered and not set(tasks).isdisjoint(metric.tasks)]
    return [metric.column for metric in rows if validated or not metric.column.startswith("val_")]


WATCHED = tuple(metric.column for metric in METRICS.values() if metric.watched)
"""What stopping rules may go by."""


def tasks_of(history: DataFrame) -> set[Task]:
    """What the runs of a history turned out to be: the tasks of which some metric has a value."""
    measured = [metric for metric in METRICS.values() if len(metric.tasks) == 1 and metric.column in history]
    return {metric.tasks[0] for metric in measured if history[metric.column].notna().any()}


def loss_unit(history: DataFrame) -> str:
    """The unit of the losses in a history, one of LOSS_IN_WORDS; nothing while nothing is measured, and where runs differ in it."""
    units = loss_units(history)
    return units.pop() if len(units) == 1 else ""


def loss_units(history: DataFrame) -> set[str]:
    """The units in which the runs of a history have their losses: of several, no loss of one run is to be held against that of another."""
    tasks = tasks_of(history)
    return ({NATS} if "classification" in tasks else set()) | (_of_regression(history) if "regression" in tasks else set())


def _of_regression(history: DataFrame) -> set[str]:
    """A run whose squared RMSE is its loss was trained on targets as they are; else they were standardised.

    The ratio of the two is a constant of a run's data. Its median leaves out the rounding of losses near 0.
    """
    for part in ("train", "val"):
        rmse, loss = f"{part}_rmse", _column(part, "loss")
        if rmse in history and loss in history and history[rmse].notna().any():
            ratios = (history[rmse] ** 2 / history[loss]).groupby(history["run"], observed=True).median().dropna()
            return {AS_THEY_ARE if abs(ratio - 1) < 1e-3 else STANDARDISED for ratio in ratios} or {STANDARDISED}
    return {STANDARDISED}
