"""The controls of the page of distributed SGD, the labs of their values, and links that change one control."""

from __future__ import annotations

from core.experiments.claims.claim import Lab
from core.experiments.labs.distributed import AWARE, BACKUP, BARRIER, NAMES, NEVER, PAGE, SAME, SCALED, SEEDS, START, cluster, dies_at
from core.labs.distributed import watched
from core.ui.form.controls import Chip, Control, Controls, Values, up_to

PATH = "pages/distributed.py"


def _backups(control: Control, held: Values) -> Control | None:
    """At most so many backup workers that the server still waits for one; no control if no server has backup workers."""
    return up_to(control, held["workers"] - 1) if BACKUP in held["rules"] and held["workers"] > 2 else None


CONTROLS = Controls(
    PAGE,
    PATH,
    (
        Control(
            "rules", "Servers", tuple(NAMES), several=True,
            help="Synchronous: an update with the mean of all gradients, when all have arrived. Backup workers: the server does not wait "
            "for the slowest few. Asynchronous: an update with each gradient when it arrives; or with the rate divided by its staleness.",
        ),
        Control("workers", "Workers", low=2, high=32),
        Control("spread", "Spread of their speeds", high=0.9, step=0.1, help="A gradient takes 1 s, plus or minus this share."),
        Control("straggler", "Straggler: times as slow", low=1, high=20, step=0.5,
                help="How many times as long the last worker takes. 1: no straggler."),
        Control("dies", "The first worker dies after", (NEVER, "5 s", "10 s", "20 s", "40 s"), beside=True,
                help="After this time, the worker sends no more gradients."),
        Control("lr", "Learning rate", ("0.01", "0.03", "0.1", "0.2", "0.3", "0.5", "1", "2"),
                help="Learning rate of an update with a single gradient."),
        Control(
            "scaled", "Rate of an update with a mean", (SCALED, SAME),
            help="A synchronous update uses the mean of all gradients. “× gradients” multiplies its rate by their number, so that every "
            "gradient has the same weight on all servers.",
        ),
        Control("backups", "Backup workers", low=1, high=31, fitted=_backups,
                help="In each round, the server does not wait for this number of the slowest workers."),
        Control("target", "Target: training loss", ("1", "0.5", "0.3", "0.2", "0.1", "0.05"), help="Which server reaches this loss first?"),
        Control("seconds", "Simulated seconds", ("50", "100", "200")),
    ),
    START,
    (
        Chip("No straggler", "How large is the difference without it?", {"straggler": 1.0}),
        Chip("A worker dies", "Which server continues?", {"dies": "20 s"}),
        Chip("A rate of 0.5", "Which server works with stale gradients at a high rate?", {"lr": "0.5"}),
        Chip("Backup workers", "What is the cost of ignoring the slowest?", {"rules": (BACKUP,)}),
        Chip("Rate ÷ staleness", "Is it more stable, and is it faster?", {"rules": (AWARE,)}),
        Chip("One rate for all updates", "How much does an update with a mean achieve?", {"scaled": SAME}),
        Chip("32 workers", "How stale are the gradients now?", {"workers": 32}),
        Chip("Back to the start", "Eight workers, one of them takes five times as long."),
    ),
    about=f"Handwritten digits, one hidden layer of 32 ReLU units, batches of 16, {SEEDS} seeds.",
)  # fmt: skip


def shown(held: Values) -> float:
    """Seconds of the timeline: it shows some gradients of the straggler, and the effect of a failed worker."""
    least = max(4 * held["straggler"], 12.0)
    return float(min(float(held["seconds"]), max(least, 1.5 * (dies_at(held) or 0.0))))


def stuck(held: Values) -> list[str]:
    """Servers that wait for the failed worker at the end."""
    dies = dies_at(held)
    return [BARRIER] if dies is not None and dies < float(held["seconds"]) and BARRIER in held["rules"] else []


def labs(held: Values) -> dict[str, Lab]:
    """The simulation of each server, by its name."""
    return {rule: Lab(watched.watch, {"seeds": SEEDS, "shown": shown(held), **cluster(held, rule)}) for rule in held["rules"]}
