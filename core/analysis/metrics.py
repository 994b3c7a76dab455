"""The table of all metrics: the name of each column, its unit, the better direction, and where it is measured.

Charts, tables, verdicts, the choice of a metric and the exports read it. A new metric is a row here, its column's name in
`core.engine.records`, and the function that computes it. Contract tests keep this table, the records and the stopping rules consistent.
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
"""The x axis of a curve."""
Where = Literal["history", "layers", "end", "summary"]

CLASSES: tuple[Task, ...] = ("classification",)
NUMBERS: tuple[Task, ...] = ("regression",)
BOTH: tuple[Task, ...] = ("classification", "regression")

FRACTION = "fraction"
OF_TARGET = "unit of the target"
OF_LOSS = "unit of the loss"
"""Placeholder for the unit that `loss_unit` finds for a history."""
NATS = "nats"
STANDARDISED = "MSE / target variance"
AS_THEY_ARE = "mean squared error"
LOSS_IN_WORDS = {
    NATS: "Cross-entropy in nats, the mean over the examples.",
    STANDARDISED: "Mean squared error divided by the variance of the training targets: predicting their mean gives 1.",
    AS_THEY_ARE: "Mean squared error, in the squared unit of the target.",
}
NO_LOSS = ""
"""The unit for titles of other quantities than losses, such as an axis or a measure by layer."""
COUNT, SHARE = ",d", ".3f"


@dataclass(frozen=True)
class Metric:
    """The meaning of a column of numbers.

    `better` is None if no direction is better. `twin` is the same metric on the training data.
    `form` is a number format of Python and d3. `about` is one sentence of help. `undefined` says when there is no value.
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

    @property
    def offered(self) -> bool:
        """Whether runs can be judged by it during training."""
        return self.better is not None and "history" in self.where


_SCORES = (
    Metric("loss", "loss", OF_LOSS, "lower"),
    Metric("accuracy", "accuracy", FRACTION, "higher", tasks=CLASSES, form=SHARE,
           about="Share of the examples that are classified correctly."),
    Metric("f1", "F1", FRACTION, "higher", tasks=CLASSES, form=SHARE,
           about="Macro average: the mean of F1 over the classes."),
    Metric("rmse", "RMSE", OF_TARGET, "lower", tasks=NUMBERS, about="Root of the mean squared error, in the unit of the target."),
    Metric("mae", "MAE", OF_TARGET, "lower", tasks=NUMBERS, about="Mean absolute error, in the unit of the target."),
    Metric("r2", "R²", "", "higher", tasks=NUMBERS, form=SHARE, about="1 - mean squared error / variance of the part's targets.",
           undefined="it is not defined if all targets are equal"),
)  # fmt: skip

_UNSEEN = "Measured once, at the end of each run, on data that no decision was based on."


def _column(part: str, score: str) -> str:
    """The column of a score. The training loss in eval mode has its own name, because `train_loss` is the loss as logged."""
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
        )
        for score in _SCORES
    )


def _baseline(part: str, words: str) -> tuple[Metric, ...]:
    constant = (
        "Score of a constant prediction: the most frequent class of the training part (for the loss, its class shares), or its mean target."
    )
    return tuple(
        replace(metric, column=f"baseline_{metric.column}", name=f"baseline's {metric.name}", twin=None, about=constant)
        for metric in _of_part(part, words, ("end",))
    )


_ROWS = (
    *_of_part("val", "validation"),
    *_of_part("train", "training"),
    Metric("train_loss", "training loss as logged", "", "lower",
           about="The loss that the run minimises, whichever it is, averaged over the batches of the epoch during training."),
    Metric("penalty", "penalty", OF_LOSS, about="The penalty, which is added to the loss and logged separately."),
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
           about="Euclidean norm of the change of all parameters since the previous evaluation.",
           undefined="it is not defined at the first evaluation"),
    Metric("update_cosine", "cosine of successive updates", where=("history", "layers"), form=SHARE,
           about="Cosine between the last update and the one before it: 1 is a straight line, below 0 a zigzag.",
           undefined="it is not defined before the second update"),
    Metric("unit_cosine", "cosine between units", where=("layers",), form=SHARE,
           about="Mean absolute cosine between the incoming weights of two units of a layer: 1 if all units have the same direction.",
           undefined="it is not defined for fewer than two units with weights"),
    Metric("effective_rank", "effective rank", "dimensions", where=("layers",), form=".2f",
           about="exp of the entropy of a matrix's singular values divided by their sum: from 1 to the length of its shorter side. "
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
           about="Number of parameters of the network: weights and biases, including those of norms."),
    Metric("nonzero", "non-zero parameters", where=("end", "summary"), form=COUNT,
           about="Number of parameters that are not 0 at the end; for a variant, the mean over its seeds."),
    Metric("compression", "compression", where=("summary",), form=".2f", about="Parameters divided by non-zero parameters."),
    Metric("seed", "seed", where=("history", "layers", "end"), form=COUNT),
    Metric("n", "seeds", where=("summary",), form=COUNT, about="Runs of this variant that are stored, waiting or training."),
    Metric("diverged", "diverged", where=("summary",), form=COUNT, about="Number of runs that diverged. They are left out of all means."),
    Metric("counted", "in the mean", where=("summary",), form=COUNT,
           about="Seeds that have a value: not those that diverged, have not begun, or were stored before this was measured."),
    Metric("mean", "mean", where=("summary",), about="Mean of the metric over the seeds that did not diverge."),
    Metric("std", "standard deviation", where=("summary",), about="Standard deviation of the metric over the seeds that did not diverge."),
    Metric("ci_low", "95 % from", where=("summary",), about="Lower end of the mean's interval (t distribution over seeds)."),
    Metric("ci_high", "95 % to", where=("summary",), about="Upper end of the mean's interval (t distribution over seeds)."),
    Metric("best", "best", where=("summary",), about="Mean over seeds of the best value that each run reached."),
    Metric("baseline", "baseline", where=("summary",), about="Score of a constant prediction in the metric."),
)  # fmt: skip

TESTS = tuple(metric.column for metric in _of_part("test", "test"))
OF_THE_DATA = ("target_std", *(metric.column for metric in _baseline("test", "test")))
"""Columns of a run that depend only on its data."""

METRICS: dict[str, Metric] = {metric.column: metric for metric in _ROWS}
"""All metrics by column."""

OF_TRAINING = frozenset(metric.column for metric in _of_part("train", "training")) | {"dead_fraction", "activation_mean", "activation_std"}
"""Metrics that are measured on the training data, or on a sample of them."""

_sample: ContextVar[str] = ContextVar("sample", default="")

OF_A_RUN = {"last_": "last", "best_": "best"}
"""Prefixes of a run's columns that hold one value of a metric of its history."""


def find(column: str) -> Metric | None:
    """The metric of a column; for `last_val_loss` and `best_val_loss` it is derived from the metric's row. None if there is none."""
    for prefix, word in OF_A_RUN.items():
        of = METRICS.get(column.removeprefix(prefix))
        if column.startswith(prefix) and of is not None:
            return replace(of, column=column, name=f"{word} {of.name}", twin=None, where=("end",))
    return METRICS.get(column)


@contextmanager
def of_sample(said: str) -> Iterator[None]:
    """Inside this context, names and titles of metrics on training data say which sample was used: "1,000 examples"; empty for all of them.

    It is used around the making of a chart, so that no chart with such a column can forget to say it.
    """
    token = _sample.set(said)
    try:
        yield
    finally:
        _sample.reset(token)


def name(column: str) -> str:
    """The column in words, for use within a sentence; for a column that is no metric, its own name."""
    metric = find(column)
    return _with(metric.name if metric else column.replace("_", " "), _sample_of(column))


def heading(column: str) -> str:
    """`Validation loss`: the column in words, as a heading of a column or chart."""
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
    """The words with additions in brackets, if there are any."""
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
    """Whether higher values are better; False also for columns without a better direction."""
    metric = find(column)
    return metric is not None and metric.better == "higher"


def is_fraction(column: str) -> bool:
    """Whether its values lie between 0 and 1."""
    metric = find(column)
    return metric is not None and metric.unit == FRACTION


def is_loss(column: str) -> bool:
    """Whether it has the unit of the loss."""
    metric = find(column)
    return metric is not None and metric.unit == OF_LOSS


def is_error(column: str) -> bool:
    """Whether lower is better, as for a loss or an error in the target's unit. Such values are positive and may have a logarithmic axis."""
    metric = find(column)
    return metric is not None and metric.better == "lower"


def twin(column: str) -> str | None:
    """The same metric on the training data."""
    metric = find(column)
    return metric.twin if metric else None


def of_tasks(tasks: Collection[Task], *, validated: bool = True) -> list[str]:
    """The metrics by which runs of these tasks can be judged, validation first; without validation data, only the training metrics."""
    rows = [metric for metric in METRICS.values() if metric.offered and not set(tasks).isdisjoint(metric.tasks)]
    return [metric.column for metric in rows if validated or not metric.column.startswith("val_")]


def tasks_of(history: DataFrame) -> set[Task]:
    """The tasks of the runs in a history, judged by which metrics have values."""
    measured = [metric for metric in METRICS.values() if len(metric.tasks) == 1 and metric.column in history]
    return {metric.tasks[0] for metric in measured if history[metric.column].notna().any()}


def loss_unit(history: DataFrame) -> str:
    """The unit of the losses in a history, one of LOSS_IN_WORDS; empty if nothing is measured yet, or if runs have different units."""
    units = loss_units(history)
    return units.pop() if len(units) == 1 else ""


def loss_units(history: DataFrame) -> set[str]:
    """The units of the losses of all runs in a history. If there are several, losses of different runs must not be compared."""
    tasks = tasks_of(history)
    return ({NATS} if "classification" in tasks else set()) | (_of_regression(history) if "regression" in tasks else set())


def _of_regression(history: DataFrame) -> set[str]:
    """The units of regression losses: if a run's squared RMSE equals its loss, its targets were not scaled; otherwise standardised.

    The ratio of both is constant for the data of a run. Its median is not affected by the rounding of losses near 0.
    """
    for part in ("train", "val"):
        rmse, loss = f"{part}_rmse", _column(part, "loss")
        if rmse in history and loss in history and history[rmse].notna().any():
            ratios = (history[rmse] ** 2 / history[loss]).groupby(history["run"], observed=True).median().dropna()
            return {AS_THEY_ARE if abs(ratio - 1) < 1e-3 else STANDARDISED for ratio in ratios} or {STANDARDISED}
    return {STANDARDISED}
