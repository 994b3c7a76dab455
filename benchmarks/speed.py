"""Speed, compared with the usual alternatives; run by `make bench`. Nothing is stored.

Each function in SECTIONS is one section and returns a table; `--section` selects by name.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from benchmarks import baselines, dashboard, measures, ours, recurrent, sweep
from benchmarks.timing import Contestant, Timing, race, speedup
from benchmarks.work import Work
from core.runs.computing.executors import make_executor

REFERENCE = "loop over a DataLoader"


@dataclass(frozen=True)
class Options:
    """The size of the benchmark: runs per contestant, epochs per run, timed repetitions, worker processes."""

    runs: int
    epochs: int
    repetitions: int
    workers: int


@dataclass(frozen=True)
class Table:
    """The result of a section."""

    title: str
    rows: pd.DataFrame


def small_batches(options: Options) -> Table:
    """Batch 16 and hidden 16-16: the overhead of a step dominates."""
    return training_speed(Work(hidden=(16, 16), batch_size=16, runs=options.runs, epochs=options.epochs), options)


def default_network(options: Options) -> Table:
    """Batch 64 and hidden 64-64: the default settings."""
    return training_speed(Work(hidden=(64, 64), batch_size=64, runs=options.runs, epochs=options.epochs), options)


def learning_rate_sweep(options: Options) -> Table:
    """Optimizers by learning rates by seeds; each rate is a separate optimizer in the stack."""
    return Table(sweep.TITLE, sweep.table(options.repetitions))


def recurrent_cells(options: Options) -> Table:
    """RNN, LSTM and GRU on the adding problem."""
    return Table(recurrent.TITLE, recurrent.table(options.repetitions))


def measuring(options: Options) -> Table:
    """The cost of distances, cosines and ranks per evaluation."""
    return Table(measures.TITLE, measures.table(options.repetitions))


def waiting(options: Options) -> Table:
    """The waiting times of a dashboard user. They are measured once, whatever the number of repetitions."""
    return Table(dashboard.TITLE, dashboard.table().round(2))


SECTIONS: Sequence[Callable[[Options], Table]] = (default_network, small_batches, learning_rate_sweep, recurrent_cells, measuring, waiting)


def training_speed(work: Work, options: Options) -> Table:
    """Trains the same runs by each contestant; the worker processes are started before the measurement, like those of a runner."""
    with make_executor(options.workers) as executor:
        contestants: dict[str, Contestant] = {
            REFERENCE: partial(baselines.dataloader_loop, work),
            "loop over slices, fused Adam": partial(baselines.sliced_loop, work),
            "scikit-learn MLPClassifier": partial(baselines.scikit_learn, work),
            "compare, one process": partial(ours.measured, work),
            "compare, one process, unmeasured": partial(ours.unmeasured, work),
            f"compare, {options.workers} processes": partial(ours.measured, work, executor),
            f"compare, {options.workers} processes, unmeasured": partial(ours.unmeasured, work, executor),
        }
        return Table(work.title, in_rows(race(contestants, options.repetitions), work.runs))


def in_rows(timings: Mapping[str, Timing], runs: int) -> pd.DataFrame:
    """Returns one row for each contestant: milliseconds per run (median), speed against the reference, accuracy on
    the training examples.
    """
    return pd.DataFrame(
        [
            {
                "trained by": name,
                "ms per run": round(1000 * median(timing.seconds) / runs, 1),
                "times as fast": round(speedup(timing, timings[REFERENCE]), 2),
                "train accuracy": round(median(timing.scores), 3),
            }
            for name, timing in timings.items()
        ]
    )


def machine(options: Options) -> str:
    """Returns one line with the machine and the conditions of the measurement."""
    versions = f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()} with {os.cpu_count()} cores"
    return f"{versions}; one thread a process; medians of {options.repetitions} interleaved repetitions"


def chosen() -> tuple[Options, list[Callable[[Options], Table]]]:
    """Returns the options and sections from the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--section", action="append", choices=[section.__name__ for section in SECTIONS])
    given = parser.parse_args()
    sections = [section for section in SECTIONS if not given.section or section.__name__ in given.section]
    return Options(given.runs, given.epochs, given.repetitions, given.workers), sections


def main() -> None:
    """Prints each section's table when it is ready."""
    options, sections = chosen()
    torch.set_num_threads(1)
    print(machine(options), flush=True)
    with threadpool_limits(1):
        for section in sections:
            begun = time.perf_counter()
            table = section(options)
            print(f"\n{table.title}\n{table.rows.to_string(index=False)}\n({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
