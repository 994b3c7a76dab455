"""Kills or stops processes at random moments, and checks the results: `make kills N=300 SEED=0`.

Every round requests the same small comparison and hits one process while it trains: a worker, the runner, the dashboard (a process that
starts a runner as the dashboard does), or the command line. The comparison must end with the same numbers as an uninterrupted run, and no
process may be left. A process is killed (SIGKILL) or, less often, stopped (SIGSTOP).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.comparison import Comparison
from core.runs.compare import compare_in
from core.runs.computing.executors import InlineExecutor, Pool
from core.runs.store import Store
from core.settings import RunSettings
from tests.runs.helpers import assert_same_numbers, gone, until
from tests.runs.processes import DASHBOARD, Family, started

WORKERS = 2
SILENCE = "3"
COMPARISON = Comparison(
    base=RunSettings.model_validate(
        {
            "data": {"kind": "digits"},
            "model": {"kind": "mlp", "hidden": [24], "dropout": 0.2, "normalization": "batch"},
            "training": {"epochs": 40, "batch_size": 64},
        }
    ),
    vary={"optimizer": ("adam", {"kind": "sgd", "lr": 0.1, "momentum": 0.9})},
    seeds=2,
)
VICTIMS = {"worker": 8, "runner": 3, "dashboard": 3, "command line": 2}
"""The processes that are hit, each with its weight in the random choice. Workers have the largest weight, because there are several of them
and they do the work.
"""

COMMAND = """
import sys
sys.path.insert(0, {root!r})
from core.__main__ import main
if __name__ == "__main__":
    sys.exit(main(["compare", "comparison.toml", "--out", "out", "--workers", "2", "--store", "sqlite:///home/tandem.db"]))
"""


@dataclass(frozen=True)
class Strike:
    """The process to hit, the signal, and the moment: after which share of the epochs and how many seconds."""

    victim: str
    stop: bool
    share: float
    delay: float

    @classmethod
    def by_chance(cls, chance: random.Random) -> Strike:
        """Returns a random strike; one in five stops the process instead of killing it."""
        (victim,) = chance.choices(list(VICTIMS), list(VICTIMS.values()))
        return cls(victim, chance.random() < 0.2, chance.uniform(0, 0.9), chance.uniform(0, 0.2))

    def __str__(self) -> str:
        """Returns the text for the report."""
        return f"{'stop' if self.stop else 'kill'} {self.victim} at {self.share:.0%}"


class Site:
    """A folder with a store in it, and the processes that use it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """Trains the comparison once, without any interruption."""
        self.folder, self.chance = folder, chance
        self.home = folder / "home"
        self.open = ExitStack()
        self.opened: Family | None = None
        (folder / "comparison.toml").write_text(COMPARISON.to_toml())
        self.store = Store(f"sqlite:///{self.home / 'tandem.db'}")
        self.expected = Store.in_memory()
        pool = Pool.around(InlineExecutor())
        pool.slots = WORKERS
        compare_in(pool, COMPARISON, store=self.expected, progress=False)

    def process(self, program: str) -> Family:
        """Starts a process of this site. When the process or the site is closed, it is killed, and all its children must have ended."""
        settings = {"TANDEM_HOME": str(self.home), "TANDEM_WORKERS": str(WORKERS), "TANDEM_WORKER_SILENCE": SILENCE}
        return self.open.enter_context(started(program, self.folder, **settings))

    def dashboard(self) -> Family:
        """Returns the open dashboard, or a new one."""
        self.opened = self.opened or self.process(DASHBOARD)
        return self.opened

    def close(self) -> None:
        """Ends all open processes; none may be left."""
        self.open.close()
        self.opened = None
        until(lambda: not self.processes(), f"the end of {self.processes()}")

    def await_moment(self, strike: Strike) -> None:
        """Waits until the comparison has reached the strike's share of the epochs."""

        def there() -> bool:
            progress = self.store.progress(COMPARISON)
            return progress.state == "finished" or progress.epochs_done >= max(strike.share * progress.epochs_total, 0.1)

        until(there, f"{strike.share:.0%} of the epochs")
        time.sleep(strike.delay)

    def await_end(self) -> None:
        """Waits until the comparison is finished."""
        until(lambda: not self.store.progress(COMPARISON.id).active, "the end of the comparison")
        progress = self.store.progress(COMPARISON.id)
        assert progress.state == "finished", progress

    def check(self) -> None:
        """Checks that the numbers equal those of the uninterrupted run, and deletes them for the next round."""
        assert_same_numbers(self.store.history(COMPARISON)[0], self.expected.history(COMPARISON)[0])
        assert_same_numbers(self.store.layers(COMPARISON)[0], self.expected.layers(COMPARISON)[0])
        assert_same_numbers(self.store.runs(COMPARISON), self.expected.runs(COMPARISON))
        for run in COMPARISON.runs():
            assert self.store.weights(run.key) == self.expected.weights(run.key), run.key
        self.store.delete(COMPARISON.id)

    def processes(self) -> list[psutil.Process]:
        """Returns every process that was started for this site, whatever its parent is now."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TANDEM_HOME") == str(self.home) and not gone([process]):
                    found.append(process)
        return found


def play(site: Site, strike: Strike) -> None:
    """Plays one round. Raises AssertionError if a check fails. A dashboard whose worker was hit is used in the next round too."""
    if strike.victim == "command line":
        site.close()
        _strike_command_line(site, strike)
    else:
        site.store.request(COMPARISON, "run")
        _strike_dashboard(site, strike)
    site.check()
    if strike.victim != "worker":
        site.close()


def _strike_command_line(site: Site, strike: Strike) -> None:
    command = site.process(COMMAND)
    site.await_moment(strike)
    if strike.stop:
        command.process.suspend()
        time.sleep(1)
        command.process.resume()
    else:
        command.kill()
        command = site.process(COMMAND)
    assert command.process.wait() == 0


def _strike_dashboard(site: Site, strike: Strike) -> None:
    dashboard = site.dashboard()
    site.await_moment(strike)
    if strike.victim == "dashboard" and not strike.stop:
        dashboard.kill()
        site.close()
        victim: psutil.Process = site.dashboard().process
    else:
        victim = _victim(site, dashboard, strike)
        _hit(victim, strike)
    site.await_end()
    _wake(victim)


def _victim(site: Site, dashboard: Family, strike: Strike) -> psutil.Process:
    if strike.victim == "dashboard":
        return dashboard.process
    return dashboard.runner if strike.victim == "runner" else site.chance.choice(until(dashboard.workers, "a worker"))


def _hit(victim: psutil.Process, strike: Strike) -> None:
    with suppress(psutil.NoSuchProcess):
        victim.suspend() if strike.stop else victim.kill()


def _wake(victim: psutil.Process) -> None:
    """Continues a stopped process: if nothing was left to do when it was stopped, no other process ends it, and it must end by itself."""
    with suppress(psutil.NoSuchProcess):
        victim.resume()


def rounds(count: int, seed: int, folder: Path) -> Iterator[tuple[Strike, float, str]]:
    """Plays this many rounds, and yields each strike, the seconds of its round, and what went wrong."""
    chance = random.Random(seed)
    site = Site(folder, chance)
    with closing(site.store), closing(site.expected), site.open:
        for _ in range(count):
            strike, began = Strike.by_chance(chance), time.monotonic()
            wrong = _wrong(site, strike)
            yield strike, time.monotonic() - began, wrong
        site.close()


def _wrong(site: Site, strike: Strike) -> str:
    try:
        play(site, strike)
    except AssertionError as error:
        site.open.close()
        site.opened = None
        site.store.delete(COMPARISON.id)
        return str(error) or "AssertionError"
    return ""


def main() -> int:
    """Plays the rounds, and prints one line for each round and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    struck: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, (strike, seconds, wrong) in enumerate(rounds(options.count, options.seed, Path(folder)), 1):
            kind = f"{'stop' if strike.stop else 'kill'} {strike.victim}"
            struck[kind] += 1
            failed[kind] += bool(wrong)
            print(f"{number:4}  {strike!s:34} {seconds:6.1f} s  {wrong or 'same bits, nothing left'}", flush=True)
    for kind, times in sorted(struck.items()):
        print(f"{kind:20} {times:4} times, {failed[kind]} failed")
    print(f"{struck.total()} rounds, {failed.total()} failed")
    return 1 if failed.total() else 0


if __name__ == "__main__":
    sys.exit(main())
