"""What can be changed on the page of distributed SGD, the labs that follow from it, and links that change one thing."""

from __future__ import annotations

from core.experiments.claims.claim import Lab
from core.experiments.labs.distributed import AWARE, BACKUP, BARRIER, NAMES, NEVER, PAGE, SAME, SCALED, SEEDS, START, cluster, dies_at
from core.labs.distributed import watched
from core.ui.form.controls import Chip, Control, Controls, Values, up_to

PATH = "pages/distributed.py"


def _backups(control: Control, held: Values) -> Control | None:
    """As many as leave somebody to wait for; none where no server has any."""
    return up_to(control, held["workers"] - 1) if BACKUP in held["rules"] and held["workers"] > 2 else None


CONTROLS = Controls(
    PAGE,
    PATH,
    (
        Control(
            "rules", "Servers", tuple(NAMES), several=True,
            help="Synchronous: an update by the mean of all gradients, once all are there. Backup workers: the slowest few are not waited "
            "for. Asynchronous: an update by each gradient as it comes; or with the rate divided by the updates that it missed.",
        ),
        Control("workers", "Workers", low=2, high=32),
        Control("spread", "Spread of their speeds", high=0.9, step=0.1, help="A gradient takes 1 s, give or take this share."),
        Control("straggler", "Straggler: times as slow", low=1, high=20, step=0.5, help="The last worker. 1: there is no straggler."),
        Control("dies", "The first worker dies after", (NEVER, "5 s", "10 s", "20 s", "40 s"), beside=True,
                help="It sends no gradient any more."),
        Control("lr", "Learning rate", ("0.01", "0.03", "0.1", "0.2", "0.3", "0.5", "1", "2"), help="Of an update by a single gradient."),
        Control(
            "scaled", "Rate of an update along a mean", (SCALED, SAME),
            help="A synchronous update follows the mean of all gradients. “× gradients” multiplies its rate by their number, so that every "
            "gradient counts alike on all servers.",
        ),
        Control("backups", "Backup workers", low=1, high=31, help="The slowest in each round are not waited for.", fitted=_backups),
        Control("target", "Target: training loss", ("1", "0.5", "0.3", "0.2", "0.1", "0.05"), help="Which server is there first?"),
        Control("seconds", "Simulated seconds", ("50", "100", "200")),
    ),
    START,
    (
        Chip("No straggler", "What is left of the difference?", {"straggler": 1.0}),
        Chip("A worker dies", "Which server goes on?", {"dies": "20 s"}),
        Chip("A rate of 0.5", "Who bears old gradients at a high rate?", {"lr": "0.5"}),
        Chip("Backup workers", "What does it cost to drop the slowest?", {"rules": (BACKUP,)}),
        Chip("Rate ÷ staleness", "Is it steadier, and is it faster?", {"rules": (AWARE,)}),
        Chip("One rate for all updates", "How far does an update along a mean get?", {"scaled": SAME}),
        Chip("32 workers", "How stale are the gradients now?", {"workers": 32}),
        Chip("Back to the start", "Eight workers, one of them five times as slow."),
    ),
    about=f"Handwritten digits, one hidden layer of 32 ReLU units, batches of 16, {SEEDS} seeds.",
)  # fmt: skip


def shown(held: Values) -> float:
    """Seconds of the timeline: some gradients of the straggler, and what comes of a death."""
    least = max(4 * held["straggler"], 12.0)
    return float(min(float(held["seconds"]), max(least, 1.5 * (dies_at(held) or 0.0))))


def stuck(held: Values) -> list[str]:
    """Servers that wait for the dead worker in the end."""
    dies = dies_at(held)
    return [BARRIER] if dies is not None and dies < float(held["seconds"]) and BARRIER in held["rules"] else []


def labs(held: Values) -> dict[str, Lab]:
    """The simulation of each server, by its name."""
    return {rule: Lab(watched.watch, {"seeds": SEEDS, "shown": shown(held), **cluster(held, rule)}) for rule in held["rules"]}
