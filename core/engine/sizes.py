"""How large a run is: examples, updates, inputs, outputs, parameters. Engine, estimates, limits and pages all ask here.

Needs no torch. The data are read only where nothing but they can tell, as of a user's table.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.choices.distillation import NoDistillation
from core.choices.models import Sizes
from core.data.splitting import labelled_count
from core.settings import RunSettings, SettingsError


@dataclass(frozen=True)
class Epoch:
    """What an epoch consists of."""

    examples: int  # that are drawn from
    draws: int  # examples that are trained on
    micro: int  # examples of a forward pass, at most
    batch: int  # examples an update averages over; the last one of an epoch may have fewer
    updates: int


def epoch_of(run: RunSettings, examples: int) -> Epoch:
    """The epochs of a run that draws from so many examples."""
    training = run.training
    micro = examples if training.batch_size == "full" else min(training.batch_size, examples)
    draws = examples - examples % micro if training.drop_last else examples
    batch = min(micro * training.accumulation, draws)
    return Epoch(examples, draws, micro, batch, -(-draws // batch))


def epoch(run: RunSettings) -> Epoch:
    """The epochs of a run. Raises DataError where its data cannot be read."""
    return epoch_of(run, drawn_from(run))


def drawn_from(run: RunSettings) -> int:
    """The training examples that a run draws from: all of its own, or those with a label where it has no teacher for the others."""
    from core.data.loading import load_data

    parts, outputs = run.data.parts, run.data.outputs
    if parts is None or outputs is None:
        split = load_data(run.data)
        examples, outputs = len(split.x_train), split.outputs
    else:
        examples = parts.train
    examples = min(examples, run.training.examples or examples)
    if run.training.labelled == 1 or not isinstance(run.distillation, NoDistillation):
        return examples
    single = run.data.targets == 1
    return labelled_count(examples, outputs if single else 1, run.training.labelled)


def sizes(run: RunSettings) -> Sizes:
    """What the run's network has to fit. Raises DataError where its data cannot be read."""
    data = run.data
    if data.shape is not None and data.outputs is not None:
        return Sizes(data.shape, data.outputs, data.sequence, data.targets)
    from core.data.loading import load_data

    split = load_data(data)
    return Sizes(split.shape, split.outputs, split.sequence, split.targets)


def parameters(run: RunSettings) -> int:
    """Parameters of the run's network. Raises SettingsError for one that does not go with the data, DataError as `sizes`."""
    ends = sizes(run)
    if complaint := run.model.complaint(ends):
        raise SettingsError(complaint)
    return run.model.parameter_count(ends)


def multiply_adds(run: RunSettings) -> int:
    """Multiply-adds of one example's forward pass. Raises as `parameters`."""
    parameters(run)
    return sum(run.model.multiply_adds(sizes(run)).values())
