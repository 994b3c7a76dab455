"""What can be changed on the page of distributed SGD, the labs that follow from it, and links that change one thing."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from core.experiments.claims.claim import Lab
from core.labs.distributed import watched
from core.ui.form.picking import segmented_control, select_slider
from core.ui.pages.distributed.finding import ASYNCHRONOUS, AWARE, BACKUP, BARRIER, NAMES

PAGE = "distributed"
PATH = "pages/distributed.py"
SEEDS = 5
NEVER = "never"
DEATHS = (NEVER, "5 s", "10 s", "20 s", "40 s")
RATES = ("0.01", "0.03", "0.1", "0.2", "0.3", "0.5", "1", "2")
SAME, SCALED = "the same", "× gradients"
TARGETS = ("1", "0.5", "0.3", "0.2", "0.1", "0.05")
SECONDS = ("50", "100", "200")


class Controls(NamedTuple):
    """What the controls say."""

    rules: tuple[str, ...] = (BARRIER, ASYNCHRONOUS)
    workers: int = 8
    spread: float = 0.2
    straggler: float = 5.0
    dies: str = NEVER
    lr: str = "0.1"
    scaled: str = SCALED
    backups: int = 1
    target: str = "0.3"
    seconds: str = "100"

    @property
    def dies_at(self) -> float | None:
        """Simulated seconds; None: never."""
        return None if self.dies == NEVER else float(self.dies.removesuffix(" s"))

    @property
    def shown(self) -> float:
        """Seconds of the timeline: some gradients of the straggler, and what comes of a death."""
        least = max(4 * self.straggler, 12.0)
        return min(float(self.seconds), max(least, 1.5 * (self.dies_at or 0.0)))

    @property
    def stuck(self) -> list[str]:
        """Servers that wait for the dead worker in the end."""
        dead = self.dies_at is not None and self.dies_at < float(self.seconds)
        return [BARRIER] if dead and BARRIER in self.rules else []

    def lab(self, rule: str) -> Lab:
        """The simulation of one server."""
        together = {BARRIER: self.workers, BACKUP: self.workers - self.backups}.get(rule, 1)
        settings = {
            "rule": NAMES[rule],
            "workers": self.workers,
            "fastest": round(1 - self.spread, 3),
            "slowest": round(1 + self.spread, 3),
            "straggler": self.straggler,
            "dies_at": self.dies_at,
            "lr": float(self.lr) * (together if self.scaled == SCALED else 1),
            "seconds": float(self.seconds),
        }
        settings |= {"backups": self.backups} if rule == BACKUP else {}
        return Lab(watched.watch, {"seeds": SEEDS, "shown": self.shown, **settings})

    def labs(self) -> dict[str, Lab]:
        """Those of all servers, by rule."""
        return {rule: self.lab(rule) for rule in self.rules}


START = Controls()


def controls() -> Controls:
    """Draws the sidebar, and returns what it says."""
    with st.sidebar:
        rules = _rules()
        workers = st.slider("Workers", 2, 32, START.workers, **_bound("workers"))
        spread = st.slider(
            "Spread of their speeds", 0.0, 0.9, START.spread, 0.1, help="A gradient takes 1 s, give or take this share.", **_bound("spread")
        )
        straggler = st.slider(
            "Straggler: times as slow",
            1.0,
            20.0,
            START.straggler,
            0.5,
            help="The last worker. 1: there is no straggler.",
            **_bound("straggler"),
        )
        dies = segmented_control(
            "The first worker dies after", DEATHS, START.dies, key=f"{PAGE}.dies", help="It sends no gradient any more."
        )
        lr = select_slider("Learning rate", RATES, START.lr, key=f"{PAGE}.lr", help="Of a step along a single gradient.")
        scaled = segmented_control(
            "Rate of a step along a mean",
            (SCALED, SAME),
            START.scaled,
            key=f"{PAGE}.scaled",
            help="A synchronous step follows the mean of all gradients. “× gradients” multiplies its rate by their number, so that every "
            "gradient counts alike on all servers.",
        )
        backups = START.backups
        if BACKUP in rules and workers > 2:
            backups = st.slider(
                "Backup workers",
                1,
                workers - 1,
                min(START.backups, workers - 1),
                help="The slowest in each round are not waited for.",
                **_bound("backups"),
            )
        target = select_slider("Target: training loss", TARGETS, START.target, key=f"{PAGE}.target", help="Which server is there first?")
        seconds = segmented_control("Simulated seconds", SECONDS, START.seconds, key=f"{PAGE}.seconds")
        st.caption(f"Handwritten digits, one hidden layer of 32 ReLU units, batches of 16, {SEEDS} seeds.")
    return Controls(rules, workers, spread, straggler, dies, lr, scaled, backups, target, seconds)


def _rules() -> tuple[str, ...]:
    chosen = st.pills(
        "Servers",
        list(NAMES),
        selection_mode="multi",
        default=list(START.rules),
        help="Synchronous: a step along the mean of all gradients, once all are there. Backup workers: the slowest few are not waited for. "
        "Asynchronous: a step along each gradient as it comes; or with the rate divided by the updates that it missed.",
        **_bound("rules"),
    )
    return tuple(rule for rule in NAMES if rule in chosen)


def _bound(name: str) -> dict[str, Any]:
    return {"key": f"{PAGE}.{name}", "bind": "query-params"}


class Chip(NamedTuple):
    """A change of one control: what changes, and what to look for."""

    change: str
    look: str
    asked: Controls


def chips(asked: Controls) -> list[Chip]:
    """Changes that are none yet, four at most."""
    offered = [
        Chip("No straggler", "What is left of the difference?", asked._replace(straggler=1.0)),
        Chip("A worker dies", "Which server goes on?", asked._replace(dies="20 s")),
        Chip("A rate of 0.5", "Who bears old gradients at a high rate?", asked._replace(lr="0.5")),
        Chip("Backup workers", "What does it cost to drop the slowest?", asked._replace(rules=_with(asked, BACKUP))),
        Chip("Rate ÷ staleness", "Is it steadier, and is it faster?", asked._replace(rules=_with(asked, AWARE))),
        Chip("One rate for all steps", "How far does a step along a mean get?", asked._replace(scaled=SAME)),
        Chip("32 workers", "How stale are the gradients now?", asked._replace(workers=32)),
        Chip("Back to the start", "Eight workers, one of them five times as slow.", START),
    ]
    return [chip for chip in offered if chip.asked != asked][:4]


def _with(asked: Controls, rule: str) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in (*asked.rules, rule))


def query(asked: Controls) -> dict[str, str | list[str]]:
    """The address of these controls: those that are not as the page starts."""
    given: dict[str, str | list[str]] = {f"{PAGE}.open": "1"}
    for name, value in asked._asdict().items():
        if value != getattr(START, name):
            given[f"{PAGE}.{name}"] = list(value) if isinstance(value, tuple) else str(value)
    return given
