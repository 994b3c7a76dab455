"""Names and units of the columns, as axes, legends and tooltips write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from pandas import DataFrame

Axis = Literal["epoch", "step", "samples", "seconds"]

AXES: dict[Axis, str] = {
    "epoch": "epoch",
    "step": "updates",
    "samples": "examples seen",
    "seconds": "training time (s)",
}

NATS = "nats"
FRACTION = "fraction"

TITLES: dict[str, tuple[str, str]] = {
    "lr": ("learning rate", ""),
    "train_loss": ("training loss as logged", ""),  # of what a run minimises, which may be any loss
    "penalty": ("penalty", NATS),
    "train_loss_eval": ("training loss", NATS),
    "train_accuracy": ("training accuracy", FRACTION),
    "train_r2": ("training R²", ""),
    "val_loss": ("validation loss", NATS),
    "val_accuracy": ("validation accuracy", FRACTION),
    "val_f1": ("validation F1, macro", FRACTION),
    "val_r2": ("validation R²", ""),
    "grad_norm": ("gradient norm", ""),
    "update_ratio": ("update size / weight size", ""),
    "weight_norm": ("weight norm", ""),
    "sparsity": ("exact zeros", FRACTION),
    "near_zero": ("near zeros", FRACTION),
    "dead_fraction": ("dead units", FRACTION),
    "activation_mean": ("mean activation", ""),
    "activation_std": ("spread of activations", "standard deviation over examples"),
    "seconds": ("training time", "s"),
}


OF_TRAINING = frozenset({"train_loss_eval", "train_accuracy", "train_r2", "dead_fraction", "activation_mean", "activation_std"})
"""What is measured on the training data, or on a sample of them."""

_sample: ContextVar[str] = ContextVar("sample", default="")


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
    """The column in words, without its unit."""
    return _with(TITLES.get(column, (column.replace("_", " "), ""))[0], _sample_of(column))


def title(column: str, *, regression: bool = False) -> str:
    """The column in words with its unit in brackets, if it has one; losses of a regression are mean squared errors."""
    words, unit = TITLES.get(column, (column.replace("_", " "), ""))
    unit = "mean squared error" if regression and unit == NATS else unit
    return _with(words, unit, _sample_of(column))


def _sample_of(column: str) -> str:
    return _sample.get() if column in OF_TRAINING else ""


def _with(words: str, *said: str) -> str:
    """The words with what is to be said in brackets."""
    inside = ", ".join(filter(None, said))
    return f"{words} ({inside})" if inside else words


def is_fraction(column: str) -> bool:
    """Whether its values lie between 0 and 1."""
    return column in TITLES and TITLES[column][1] == FRACTION


def is_regression(history: DataFrame) -> bool:
    """Whether the runs are of a regression: they have an R2, and no accuracy."""
    if "val_r2" not in history or "train_r2" not in history:
        return False
    return bool(history["val_r2"].notna().any() or history["train_r2"].notna().any())


def shortened(name: str, most: int) -> str:
    """The name in at most so many characters (at least 8), the middle left out: what long names have apart is often at their end."""
    most = max(most, 8)
    if len(name) <= most:
        return name
    start = (most - 1) // 2
    return f"{name[:start].rstrip()}…{name[len(name) - (most - 1 - start) :].lstrip()}"


def listed(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """Names joined by commas for an alternative text, the ones past `most` counted instead."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
