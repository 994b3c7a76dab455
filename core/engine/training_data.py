"""The data of a run: its data set, limited to its number of training examples, and changed by its planted mistake."""

from __future__ import annotations

from functools import lru_cache

from core.choices.mistakes import Mistake, NoMistake
from core.data.loading import Split, load_data, read_only, with_first
from core.data.sets import Data
from core.settings import RunSettings


def split_of(run: RunSettings) -> Split:
    """The training, validation and test data of a run. Equal settings return the same object. Raises DataError as `load_data`."""
    return _split(run.data, run.training.examples, run.mistake if run.mistake.apart else NoMistake())


@lru_cache(maxsize=16)
def _split(data: Data, examples: int | None, mistake: Mistake) -> Split:
    split = _first(data, examples)
    seen: Split = mistake.data(split, lambda: _first(data.model_copy(update={"scale": "none"}), examples), data.scale, data.split_seed)
    return read_only(seen)


def _first(data: Data, examples: int | None) -> Split:
    split = load_data(data)
    return split if examples is None else with_first(split, examples, data.split_seed)
