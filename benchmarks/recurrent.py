"""The adding problem by `core.compare` in one process, against torch's own RNN, LSTM and GRU trained one run at a time.

The loop is what a user would write: nn.RNN, nn.LSTM or nn.GRU and a linear layer on its last output, one permutation per epoch, batches
that are slices, fused Adam. It measures only the error at the end or, for a user who wants curves, the error on the training and the
validation part after every epoch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from statistics import median

import pandas as pd
import torch
from torch import Tensor, nn

import core
from benchmarks.ours import NEVER
from benchmarks.timing import race, speedup

CELLS: dict[str, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
Part = tuple[Tensor, Tensor]
HIDDEN, RUNS, EPOCHS, BATCH, STEPS, SAMPLES = 32, 16, 3, 64, 50, 5000

TITLE = f"adding problem of {STEPS} steps, {HIDDEN} units, batch {BATCH}, Adam, {EPOCHS} epochs, {RUNS} runs; processor time"


class Plain(nn.Module):
    """The network of a typical notebook."""

    def __init__(self, cell: type[nn.RNN | nn.LSTM | nn.GRU]) -> None:
        super().__init__()
        self.recurrent = cell(2, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, T * 2) to (B,)."""
        states, _ = self.recurrent(x.view(len(x), STEPS, 2))
        return self.output(states[:, -1])[:, 0]


def table(repetitions: int) -> pd.DataFrame:
    """Returns one row for each cell: milliseconds per run (medians) of the loop and of ours, with and without measurements, and the
    speedup.
    """
    return pd.DataFrame([_row(kind, repetitions) for kind in CELLS])


def _row(kind: str, repetitions: int) -> dict[str, object]:
    timings = race(
        {
            "one at a time": partial(one_at_a_time, kind, False),
            "with curves": partial(one_at_a_time, kind, True),
            "compare": partial(compared, kind, None),
            "compare, unmeasured": partial(compared, kind, NEVER),
        },
        repetitions,
        time.process_time,
    )
    milliseconds = {f"{name}, ms per run": round(1000 * median(timing.seconds) / RUNS, 1) for name, timing in timings.items()}
    loop = timings["one at a time"]
    faster = {f"{name}, times as fast": round(speedup(timing, loop), 2) for name, timing in timings.items() if timing is not loop}
    return {"cell": kind, **milliseconds, **faster}


def settings(kind: str, evaluate_every: int | None = None) -> core.Comparison:
    """Returns the work as a comparison."""
    base: dict[str, object] = {
        "data": {"kind": "adding", "steps": STEPS, "samples": SAMPLES},
        "model": {"kind": "recurrent", "cell": kind, "hidden": HIDDEN},
        "training": {"batch_size": BATCH, "epochs": EPOCHS, "evaluate_every": evaluate_every, "device": "cpu"},
    }
    return core.Comparison(base=core.RunSettings.model_validate(base), seeds=RUNS)


def compared(kind: str, evaluate_every: int | None) -> list[float]:
    """Trains by `core.compare`; returns the squared error of every run on its training examples."""
    history = core.compare(settings(kind, evaluate_every), store=None, progress=False).history
    return [float(loss) for loss in history[history["status"] != "running"]["train_loss_eval"]]


def one_at_a_time(kind: str, curves: bool) -> list[float]:
    """Trains by the loop; returns the squared error of every run on its training examples."""
    split = core.load_data(settings(kind).base.data)
    arrays = (split.x_train, split.y_train), (split.x_val, split.y_val)
    train, val = ((torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)) for x, y in arrays)
    return [_train(Plain(CELLS[kind]), train, (train, val) if curves else ()) for _ in range(RUNS)]


def _train(model: nn.Module, train: Part, watched: Sequence[Part]) -> float:
    x, y = train
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        x_epoch, y_epoch = x[order], y[order]
        for start in range(0, len(x), BATCH):
            optimizer.zero_grad(set_to_none=True)
            nn.functional.mse_loss(model(x_epoch[start : start + BATCH]), y_epoch[start : start + BATCH]).backward()
            optimizer.step()
        curves = [_error(model, part) for part in watched]
    return curves[0] if watched else _error(model, train)


def _error(model: nn.Module, part: Part) -> float:
    with torch.no_grad():
        return nn.functional.mse_loss(model(part[0]), part[1]).item()
