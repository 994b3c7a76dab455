"""The data of a run: its data set, limited to its number of training examples, and changed by its planted mistake."""

from __future__ import annotations

from functools import lru_cache

from core.choices.mistakes import Mistake, NoMistake
from core.data import loading
from core.data.loading import Split, read_only, with_first
from core.data.sets import Data, DataChoice
from core.settings import RunSettings


def load_data(settings: RunSettings | DataChoice) -> Split:
    """The data of a run: what it trains on, and is validated and tested on. Of the settings of a data set alone: all of it, as it is.

    A run may train on fewer examples (`training.examples`), and its mistake may spoil the data. Equal settings give the same object.
    Raises DataError when the data cannot be read, or not be split as asked.
    """
    return split_of(settings) if isinstance(settings, RunSettings) else loading.load_data(settings)


def split_of(run: RunSettings) -> Split:
    """`load_data` of a run."""
    return _split(run.data, run.training.examples, run.mistake if run.mistake.apart else NoMistake())


@lru_cache(maxsize=16)
def _split(data: Data, examples: int | None, mistake: Mistake) -> Split:
    split = _first(data, examples)
    seen: Split = mistake.data(split, lambda: _first(data.model_copy(update={"scale": "none"}), examples), data.scale, data.split_seed)
    return read_only(seen)


def _first(data: Data, examples: int | None) -> Split:
    split = loading.load_data(data)
    return split if examples is None else with_first(split, examples, data.split_seed)
