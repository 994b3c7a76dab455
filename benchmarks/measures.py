"""The cost per evaluation of the measures of movement and structure: `core.engine.measuring.movement` and `.structure`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits
from torch import Tensor

from core.engine.advance import advance
from core.engine.measuring import movement, structure
from core.engine.stack import begin
from core.engine.training.trainer import Trainer
from core.settings import RunSettings

RUNS, TIMES = 32, 20
Work = Callable[[], object]
TITLE = f"Measures of movement and structure, {RUNS} runs of the default network on the digits, processor time"


def table(repetitions: int) -> pd.DataFrame:
    """Returns one row for each measure: milliseconds per run and evaluation (all layers together), and their share of a fully measured
    epoch.
    """
    with threadpool_limits(1):
        stack, _ = advance(begin([RunSettings(seed=seed) for seed in range(RUNS)]), 1)
        epoch = _ms(lambda: advance(stack, 1), repetitions, 1)
        rows = [{"measure": name, "ms per run": _ms(work, repetitions, TIMES)} for name, work in _works(Trainer(stack))]
    return pd.DataFrame(rows).assign(share=lambda frame: frame["ms per run"] / epoch).round({"ms per run": 4, "share": 4})


def _works(trainer: Trainer) -> Iterator[tuple[str, Work]]:
    """Yields each measure once: for the whole network and each layer, or only for each layer."""
    layout = trainer.network.layout
    path = trainer.track.path(trainer.flat_RP * 0.99, trainer.flat_RP)
    paths = [path, *(path.of(columns) for columns in layout.layers.values())]
    for name, of_path in movement.FUNCTIONS.items():
        yield name, partial(_of_all, of_path, paths)
    weights = [found for layer in layout.layers if (found := structure.incoming(trainer.flat_RP, layout, layer)) is not None]
    for name, of_weights in structure.FUNCTIONS.items():
        yield name, partial(_of_all, of_weights, weights)


def _of_all(function: Callable[[Any], Tensor], of: Sequence[Any]) -> None:
    for each in of:
        function(each).tolist()


def _ms(work: Work, repetitions: int, times: int) -> float:
    """Returns milliseconds of processor time per run: the median of the repetitions, after one for warm-up."""
    work()
    taken = []
    for _ in range(max(3, repetitions)):
        begun = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - begun) / times)
    return 1000 * median(taken) / RUNS
