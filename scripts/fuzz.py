"""Tries random settings, texts, tables and links that no user would write. Run by `make fuzz`.

    python -m scripts.fuzz                            all inputs, about 8,000; exit 1 if something went wrong
    python -m scripts.fuzz --only links --number 17   one input again, with its traceback

Each input must be accepted, or refused with a message (`tests.fuzz.checks`), within three seconds of processor time and a gigabyte of
memory. A separate process tries the inputs; if an input hangs it, the process is ended and started again.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

COUNTS = {"settings": 2_500, "comparisons": 2_500, "texts": 2_000, "tables": 460, "bombs": 40, "links": 300, "training": 100}
SLOW_S = 3.0
"""Seconds of processor time, which other load on the machine does not change. Training may take longer."""
LARGE_BYTES = 1_000_000_000
PATIENCE_S = 120.0
ROOM_BYTES = 2_500_000_000
"""Additional address space that a process may use, so that a decompression bomb ends in a MemoryError and not the machine."""


@dataclass(frozen=True)
class Tried:
    """The result of one input: `outcome` is taken, refused, or fault."""

    kind: str
    number: int
    outcome: str
    seconds: float = 0.0
    size: int = 0
    fault: str = ""

    @property
    def wrong(self) -> str:
        """Returns what is wrong with it; empty if nothing is."""
        slow = self.kind != "training" and self.seconds > SLOW_S
        said = [
            self.fault,
            f"took {self.seconds:.1f} s" if slow else "",
            f"took {self.size / 1e6:,.0f} MB" if self.size > LARGE_BYTES else "",
        ]
        return "; ".join(filter(None, said))


def attempt(kind: str, seed: int, number: int) -> Tried:
    """Tries one input in this process; the same numbers make the same input."""
    from tests.fuzz.checks import CHECKS

    make, check = CHECKS[kind]
    made = make(Random(f"{kind}/{seed}/{number}"))
    before, start = _forget_peak(), time.process_time()
    outcome, fault = "fault", ""
    try:
        outcome = check(made)
    except Exception as error:
        fault = f"{type(error).__name__}: {str(error)[:500]}\n{''.join(traceback.format_tb(error.__traceback__)[-4:])}"
    return Tried(kind, number, outcome, time.process_time() - start, _status("VmHWM") - before, fault)


def _forget_peak() -> int:
    """Resets this process's largest size in Linux, and returns its size now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """Returns a size of this process in bytes; 0 if the system is not Linux."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def serve(pipe: Connection) -> None:
    """The process that tries the inputs: one for each (kind, seed, number) that comes through the pipe."""
    with tempfile.TemporaryDirectory() as home:
        prepare(home)
        warm: set[str] = set()
        with contextlib.suppress(EOFError):
            while True:
                kind, seed, number = pipe.recv()
                if kind not in warm:
                    attempt(kind, seed, -1)  # imports and caches of the first input
                    warm.add(kind)
                pipe.send(attempt(kind, seed, number))


def prepare(home: str) -> None:
    """Prepares a data folder with a small comparison in it, no training process, only the report as output, and a memory limit."""
    os.environ["TANDEM_HOME"] = home
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (Streamlit writes there outside of a server)
    from core.comparison import Comparison
    from core.runs import child
    from core.runs.compare import compare
    from core.runs.configuration import Configuration
    from core.runs.store import Store

    vars(child)["ensure_runner"] = lambda configuration: None
    base = {"data": "moons", "model": {"kind": "mlp", "hidden": [4]}, "training": {"epochs": 2}}
    store = Store(Configuration().store)
    compare(Comparison.load({"base": base, "seeds": 2}), store=store, progress=False)
    store.close()
    limit = _status("VmSize") + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def tried(kind: str, seed: int, count: int) -> Iterator[Tried]:
    """Tries this many inputs of a kind, in a process that is started again if it hangs or dies."""
    number = 0
    while number < count:
        pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        try:
            while number < count:
                pipe.send((kind, seed, number))
                found = _answer(pipe, kind, number)
                number += 1
                yield found
                if found.outcome == "lost":
                    break
        finally:
            pipe.close()
            process.kill()
            process.join()


def _answer(pipe: Connection, kind: str, number: int) -> Tried:
    try:
        if pipe.poll(PATIENCE_S):
            answer: Tried = pipe.recv()
            return answer
        return Tried(kind, number, "lost", fault=f"no answer within {PATIENCE_S:g} s")
    except (EOFError, OSError):
        return Tried(kind, number, "lost", fault="its process died")


def report(kind: str, every: list[Tried]) -> str:
    """Returns one line: how many inputs were taken, refused and wrong, the slowest and the largest."""
    count = Counter(one.outcome for one in every)
    slowest, largest = max(every, key=lambda one: one.seconds), max(every, key=lambda one: one.size)
    wrong = sum(bool(one.wrong) for one in every)
    sizes = f"slowest {slowest.seconds:5.2f} s (number {slowest.number}), largest {largest.size / 1e6:5,.0f} MB (number {largest.number})"
    return f"{kind:12} {len(every):5,} tried  {count['taken']:5,} taken  {count['refused']:5,} refused  {wrong:3} wrong  {sizes}"


def main() -> int:
    """Tries all inputs, prints the results, and returns the exit status."""
    parser = argparse.ArgumentParser(description="Try random inputs that no user would write.")
    parser.add_argument("--only", choices=COUNTS, help="only this kind")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other inputs")
    parser.add_argument("--count", type=int, help="number of inputs of each kind")
    parser.add_argument("--number", type=int, help="only this input, in this process; needs --only")
    options = parser.parse_args()
    if options.number is not None:
        with tempfile.TemporaryDirectory() as home:
            prepare(home)
            print(attempt(options.only, options.seed, options.number))
        return 0
    wrong: list[Tried] = []
    for kind in [options.only] if options.only else COUNTS:
        every = list(tried(kind, options.seed, options.count or COUNTS[kind]))
        print(report(kind, every), flush=True)
        wrong += [one for one in every if one.wrong]
    for one in wrong:
        print(f"\n{one.kind} {one.number}: {one.wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
