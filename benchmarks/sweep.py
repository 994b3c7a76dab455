"""A learning-rate sweep by `core.compare` in one process, against a hand-written loop over the same settings.

The loop is what a user would write: a plain nn.Sequential for each run, one permutation per epoch, batches that are slices, torch's
optimizers, fused if torch has that on the CPU. It measures only the accuracy at the end or, for a user who wants curves, the loss and the
accuracy on the training and the validation part after every epoch. The whole sweep would take minutes, so the loop trains one seed and
every third rate, and its time is given per run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import pandas as pd
import torch
from torch import Tensor, nn

import core
from benchmarks.ours import NEVER

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
}
Part = tuple[Tensor, Tensor]
FUSED = ("sgd", "adam", "adamw", "adagrad")
RATES = tuple(float(f"{step}e{power}") for power in range(-5, 1) for step in (1, 3))
SEEDS, EPOCHS, BATCH = 3, 10, 64
SAMPLED_RATES = RATES[::3]

TITLE = (
    f"digits, MLP 64-64, batch {BATCH}, {EPOCHS} epochs: {len(OPTIMIZERS)} optimizers x {len(RATES)} rates x {SEEDS} seeds; "
    f"the loop trains {len(OPTIMIZERS)} x {len(SAMPLED_RATES)} x 1 of them, scaled by run"
)


def table(repetitions: int) -> pd.DataFrame:
    """Returns one row for each contestant: runs trained, milliseconds per run and seconds for the whole sweep (medians), speed against the
    loop.
    """
    runs = len(OPTIMIZERS) * len(RATES) * SEEDS
    sampled = len(OPTIMIZERS) * len(SAMPLED_RATES)
    contestants: dict[str, tuple[Callable[[], Sequence[float]], int]] = {
        "loop over slices, fused where possible": (partial(hand_written, False), sampled),
        "the same loop with curves of loss and accuracy": (partial(hand_written, True), sampled),
        "compare, one process": (partial(compared, None), runs),
        "compare, one process, unmeasured": (partial(compared, NEVER), runs),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repetitions):
        for name, (train, count) in contestants.items():
            began = time.perf_counter()
            assert len(train()) == count
            seconds[name].append((time.perf_counter() - began) / count)
    loop = next(iter(seconds.values()))
    return pd.DataFrame(
        [
            {
                "trained by": name,
                "runs": contestants[name][1],
                "ms per run": round(1000 * median(taken), 1),
                "s per sweep": round(runs * median(taken), 1),
                "times as fast": round(median(other / own for own, other in zip(taken, loop, strict=True)), 2),
            }
            for name, taken in seconds.items()
        ]
    )


def comparison(evaluate_every: int | None = None) -> core.Comparison:
    """Returns the whole sweep."""
    training = {"epochs": EPOCHS, "batch_size": BATCH, "evaluate_every": evaluate_every}
    base = {"model": {"kind": "mlp", "hidden": [64, 64]}, "training": training}
    return core.Comparison.model_validate({"base": base, "vary": {"optimizer": list(OPTIMIZERS), "optimizer.lr": RATES}, "seeds": SEEDS})


def compared(evaluate_every: int | None) -> Sequence[float]:
    """Returns the final training accuracy of every run of the sweep; nothing is stored."""
    history = core.compare(comparison(evaluate_every), store=None, progress=False).history
    return [float(accuracy) for accuracy in history.loc[history["status"] != "running", "train_accuracy"]]


def hand_written(curves: bool) -> Sequence[float]:
    """Returns the final training accuracy of every sampled run."""
    data = core.load_data(comparison().base.data)
    train, val = (
        (torch.tensor(x, dtype=torch.float32), torch.tensor(y)) for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val))
    )
    return [_one(kind, lr, train, (train, val) if curves else ()) for kind in OPTIMIZERS for lr in SAMPLED_RATES]


def _one(kind: str, lr: float, train: Part, watched: Sequence[Part]) -> float:
    torch.manual_seed(0)
    x, y = train
    model = nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, int(y.max()) + 1))
    settings = {"lr": lr, **({"fused": True} if kind in FUSED else {})}
    optimizer = OPTIMIZERS[kind](model.parameters(), **settings)  # type: ignore[arg-type]
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        x_epoch, y_epoch = x[order], y[order]
        for start in range(0, len(x), BATCH):
            batch = slice(start, start + BATCH)
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(x_epoch[batch]), y_epoch[batch]).backward()
            optimizer.step()
        curves = [_loss_and_accuracy(model, part) for part in watched]
    return (curves[0] if watched else _loss_and_accuracy(model, train))[1]


def _loss_and_accuracy(model: nn.Module, part: Part) -> tuple[float, float]:
    x, y = part
    with torch.no_grad():
        logits = model(x)
        return nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()
