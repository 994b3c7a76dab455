"""Comparisons that are small, an engine that computes nothing, and waiting for what other processes do."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from pandas import DataFrame

from core.comparison import Comparison
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS, Records, Row
from core.engine.segments import Segment, SegmentResult
from core.runs.computing.executors import InlineExecutor, Pool
from core.runs.runner import Runner
from core.runs.store import Store
from core.runs.store.schema import END_COLUMNS
from core.settings import RunSettings

PATIENCE = 200.0
STEPS_PER_EPOCH = 10
UNREPEATABLE = ["seconds"]
"""Columns that measure time."""


def settings(**changes: Any) -> RunSettings:
    """Two-dimensional data, a small network, three epochs."""
    given = {"data": {"kind": "moons", "samples": 60}, "model": {"kind": "mlp", "hidden": [5]}, "training": {"epochs": 3, "batch_size": 16}}
    return RunSettings.model_validate(given | changes)


def comparison(*rates: float, seeds: int = 2, **changes: Any) -> Comparison:
    """A variant a learning rate."""
    return Comparison(base=settings(**changes), vary={"optimizer.lr": rates or (0.1, 0.01)}, seeds=seeds)


def value(run: RunSettings, step: int, name: str) -> float:
    """A number that only these three decide, with all the digits that a double has."""
    return float(np.random.default_rng([int(run.key[:8], 16), step, len(name)]).standard_normal())


def history_row(run: RunSettings, step: int, status: str = "running", **changes: Any) -> Row:
    """A row of a history."""
    row = {name: value(run, step, name) for name in HISTORY_COLUMNS}
    return (
        row
        | {"run": run.key, "step": step, "moment": "", "epoch": step / STEPS_PER_EPOCH, "samples": step * 16, "status": status}
        | changes
    )


def layer_rows(run: RunSettings, step: int) -> list[Row]:
    """Eleven layers of one evaluation, so that hidden10 would sort before hidden2."""
    counts = np.arange(4, dtype=np.float32).tobytes()
    names = [*(f"hidden{number}" for number in range(1, 11)), "output"]
    values = {name: value(run, step, name) for name in LAYER_COLUMNS}
    return [values | {"run": run.key, "step": step, "layer": name, "counts": counts} for name in names]


def ended_row(run: RunSettings, status: str = "finished") -> Row:
    """What a run leaves when it ends."""
    known = {"test_loss": 0.25, "test_accuracy": 0.9, "test_f1": 0.8, "parameters": 27, "nonzero": 20}
    told = {"run": run.key, "status": status, "weights": run.key.encode(), "predictions": None}
    return dict.fromkeys(END_COLUMNS, math.nan) | known | told


def records_of(run: RunSettings, *steps: int, status: str = "running") -> Records:
    """The history of a run at these steps; the last of them has the status, and ends the run unless it is `running`."""
    records = Records()
    for step in steps:
        records.history.append(history_row(run, step, status if step == steps[-1] else "running"))
        records.layers += layer_rows(run, step)
        records.grids.append({"run": run.key, "step": step, "grid": bytes([step % 256])})
    if status != "running":
        records.ended.append(ended_row(run, status))
    return records


def pretend(segment: Segment) -> SegmentResult:
    """A segment of an engine that computes nothing: two epochs at most, or as many as are asked for."""
    begun = int(segment.state or b"0")
    until = begun + (segment.epochs or 2)
    records = Records()
    for run in segment.runs:
        last = min(until, run.training.epochs)
        steps = [epoch * STEPS_PER_EPOCH for epoch in range(begun + (segment.state is not None), last + 1)]
        if steps:
            records.extend(records_of(run, *steps, status="finished" if last == run.training.epochs else "running"))
    over = until >= max(run.training.epochs for run in segment.runs)
    return SegmentResult(None if over else str(until).encode(), records, until, 0.01)


class Log:
    """Pretends as above, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []

    def __call__(self, segment: Segment) -> SegmentResult:
        self.segments.append(segment)
        return pretend(segment)

    @property
    def trained(self) -> list[str]:
        """Keys of the runs, once for each segment."""
        return [run.key for segment in self.segments for run in segment.runs]


class Bench:
    """A runner whose turns the test takes by hand, in this process."""

    def __init__(self, store: Store, compute: Callable[[Segment], SegmentResult] = pretend, slots: int = 1) -> None:
        pool = Pool.around(InlineExecutor())
        pool.slots = slots
        self.store, self.runner, self.stop = store, Runner(store, pool, compute=compute), threading.Event()
        assert self.runner.lease.take()
        self.runner.resume()

    def turn(self, times: int = 1) -> None:
        """Takes turns."""
        for _ in range(times):
            self.runner.turn(self.stop)

    def finish(self, *comparisons: str) -> None:
        """Takes turns till these have ended."""
        for _ in range(200):
            self.turn()
            if not any(self.store.progress(each).active for each in comparisons):
                return
        raise AssertionError([self.store.progress(each) for each in comparisons])


@contextmanager
def running(store: Store, pool: Pool, **given: Any) -> Iterator[Runner]:
    """A runner in a thread of this process."""
    runner, stop = Runner(store, pool, **given), threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    yield runner
    stop.set()
    thread.join()


def until(condition: Callable[[], Any], what: str = "what was waited for") -> Any:
    """Waits for something to be true, and returns it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come within {PATIENCE:g} s")


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of these processes have ended; one that nobody has collected yet has ended, too."""
    return not any(map(_lives, processes))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def assert_same_numbers(left: DataFrame, right: DataFrame) -> None:
    """Equal to the last bit, but for the columns that measure time."""
    left, right = (frame.drop(columns=UNREPEATABLE, errors="ignore") for frame in (left, right))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def heavy(segment: Segment) -> SegmentResult:
    """As `pretend`, with a result far larger than any pipe's buffer; it is held back till the file `go` is there."""
    home = Path(os.environ["TANDEM_HOME"])
    (home / f"computing-{os.getpid()}").touch()
    until((home / "go").exists, "the file `go`")
    (home / f"writing-{os.getpid()}").touch()
    result = pretend(segment)
    return replace(result, state=result.state and result.state + b" " * 8_000_000)
