"""An independent twin of the engine: one run at a time, a plain nn.Module, torch.optim and written as in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import core
from core.engine.advance import advance
from core.engine.network import DTYPES, trained_model
from core.engine.records import Records
from core.engine.state import begin
from core.engine.streams import epoch_order

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "nadam": torch.optim.NAdam,
}


@dataclass
class Plain:
    """What a plain training loop gives back."""

    model: nn.Module
    losses: list[float]  # mean training loss of each epoch, as trained
    rates: list[float]  # lr of each update


def plain_torch_training(run, *, scheduler=None, penalty=None, clip=None):
    """Trains `run` the plain way. `scheduler(optimizer, steps_per_epoch, total)`; `penalty(model)`; `clip(parameters)`."""
    split = core.load_data(run.data)
    dtype = DTYPES[run.training.dtype]
    model = core.build_model(run)
    settings = run.optimizer.model_dump(exclude={"kind"})
    optimizer = OPTIMIZERS[run.optimizer.kind](model.parameters(), **settings)
    x = torch.tensor(split.x_train, dtype=dtype)
    regression = split.task == "regression"
    y = torch.tensor(split.y_train, dtype=dtype if regression else torch.long)
    size = len(x) if run.training.batch_size == "full" else run.training.batch_size
    steps = -(-len(x) // size)
    schedule = scheduler(optimizer, steps, steps * run.training.epochs) if scheduler else None
    losses, rates = [], []
    for epoch in range(run.training.epochs):
        order = torch.from_numpy(epoch_order(run, epoch, len(x)))
        total = 0.0
        for batch in order.split(size):
            out = model(x[batch])
            loss = nn.functional.mse_loss(out[:, 0], y[batch]) if regression else nn.functional.cross_entropy(out, y[batch])
            total += loss.item() * len(batch)
            optimizer.zero_grad()
            (loss if penalty is None else loss + penalty(model)).backward()
            if clip:
                clip(model.parameters())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if schedule:
                schedule.step()
        losses.append(total / len(x))
    return Plain(model.eval(), losses, rates)


def stacked_training(runs, epochs=None, **begin_options):
    """Trains `runs` as one stack to the end; (networks by key, Records)."""
    stack = begin(runs, **begin_options)
    records = Records()
    while not stack.finished:
        stack, new = advance(stack, epochs or 1000)
        records.extend(new)
    weights = {row["run"]: row["weights"] for row in records.ended}
    return {run.key: trained_model(run, weights[run.key]) for run in runs}, records


def history(records, run):
    """The history rows of one run."""
    return [row for row in records.history if row["run"] == run.key]


def vector(model):
    """All parameters and floating-point buffers of a network as one NumPy vector."""
    tensors = [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


def assert_same_weights(ours, theirs, atol):
    difference = np.abs(vector(ours) - vector(theirs)).max()
    assert difference <= atol, f"weights differ by up to {difference:.3g}, more than {atol}"
