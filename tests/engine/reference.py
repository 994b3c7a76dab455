"""An independent twin of the engine: one run at a time, a plain nn.Module, torch.optim and written as in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytorch_optimizer
import torch
from torch import nn

import core
from core.engine.advance import advance
from core.engine.network.networks import DTYPES, trained_model
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.streams import epoch_order

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "adamax": torch.optim.Adamax,
    "adadelta": torch.optim.Adadelta,
    "adafactor": torch.optim.Adafactor,
    "asgd": torch.optim.ASGD,
    "rprop": torch.optim.Rprop,
    "lbfgs": torch.optim.LBFGS,
    "lion": pytorch_optimizer.Lion,
    "lamb": pytorch_optimizer.Lamb,
    "prodigy": pytorch_optimizer.Prodigy,
    "schedule_free_adamw": pytorch_optimizer.ScheduleFreeAdamW,
    "soap": pytorch_optimizer.SOAP,
    "adabelief": pytorch_optimizer.AdaBelief,
}


class MuonAndAdamW:
    """Muon on the matrices and AdamW on the rest, as its authors use it."""

    def __init__(self, model, settings):
        adamw_lr = settings.pop("adamw_lr")
        self.parts = [
            torch.optim.Muon([p for p in model.parameters() if p.dim() == 2], **settings),
            torch.optim.AdamW([p for p in model.parameters() if p.dim() != 2], lr=adamw_lr, weight_decay=0),
        ]
        self.param_groups = self.parts[0].param_groups

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self, closure):
        closure()
        for part in self.parts:
            part.step()


def plain_optimizer(run, model):
    """The optimizer that a notebook would make of the run's settings."""
    settings = run.optimizer.model_dump(exclude={"kind"})
    if run.optimizer.kind == "muon":
        return MuonAndAdamW(model, settings)
    if run.optimizer.kind == "custom":
        return torch.optim.SGD(model.parameters(), lr=settings["lr"], **settings["settings"])
    return OPTIMIZERS[run.optimizer.kind](model.parameters(), **settings)


@dataclass
class Plain:
    """What a plain training loop gives back."""

    model: nn.Module
    losses: list[float]  # mean training loss of each epoch, as trained
    rates: list[float]  # lr of each update


def plain_torch_training(run, *, scheduler=None, penalty=None, clip=None, criterion=None):
    """Trains `run` the plain way. `scheduler(optimizer, steps_per_epoch, total)`; `penalty(model)`; `clip(parameters)`;
    `criterion(outputs, targets)` in place of cross entropy or squared error.
    """
    split = core.load_data(run.data)
    dtype = DTYPES[run.training.dtype]
    model = core.build_model(run)
    optimizer = plain_optimizer(run, model)
    x = torch.tensor(split.x_train, dtype=dtype)
    regression = split.task == "regression"
    y = torch.tensor(split.y_train, dtype=dtype if regression else torch.long)
    size = len(x) if run.training.batch_size == "full" else run.training.batch_size
    used = len(x) - len(x) % size if run.training.drop_last else len(x)
    size *= run.training.accumulation  # the mean of equal batches' gradients is the gradient of their union's mean
    steps = -(-used // size)
    schedule = scheduler(optimizer, steps, steps * run.training.epochs) if scheduler else None
    losses, rates = [], []
    for epoch in range(run.training.epochs):
        order = torch.from_numpy(epoch_order(run, epoch, len(x)))
        total = 0.0
        for batch in order[:used].split(size):
            evaluated = []

            def closure(batch=batch, evaluated=evaluated):
                out = model(x[batch])
                usual = nn.functional.mse_loss if regression else nn.functional.cross_entropy
                loss = (criterion or usual)(out[:, 0] if regression else out, y[batch])
                evaluated.append(loss.item())
                optimizer.zero_grad()
                whole = loss if penalty is None else loss + penalty(model)
                whole.backward()
                if clip:
                    clip(model.parameters())
                return whole

            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step(closure)
            total += evaluated[0] * len(batch)
            if schedule:
                schedule.step()
        losses.append(total / used)
    if hasattr(optimizer, "eval"):
        optimizer.eval()
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
