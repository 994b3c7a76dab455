"""The start values of the page of distributed SGD: its servers, its cluster, and the claims about the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pandas import Series

from core.analysis.claims import Above
from core.analysis.labs import distributed as analysis
from core.experiments.claims import reading
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.experiment import RUNS, Experiment
from core.labs.distributed import parameter_server

PAGE = "distributed"
SEEDS = 5
NEVER = "never"
SAME, SCALED = "the same", "× gradients"
BARRIER, BACKUP, ASYNCHRONOUS, AWARE = "synchronous", "backup workers", "asynchronous", "asynchronous, rate ÷ staleness"
NAMES = {BARRIER: "synchronous", BACKUP: "backup", ASYNCHRONOUS: "asynchronous", AWARE: "staleness_aware"}
"""Names of the servers on the page, and the rules of the lab."""

START: Mapping[str, Any] = {
    "rules": (BARRIER, ASYNCHRONOUS),
    "workers": 8,
    "spread": 0.2,
    "straggler": 5.0,
    "dies": NEVER,
    "lr": "0.1",
    "scaled": SCALED,
    "backups": 1,
    "target": "0.3",
    "seconds": "100",
}
"""The start values of the page's controls, by name."""


def dies_at(values: Mapping[str, Any]) -> float | None:
    """Simulated seconds until the first worker fails; None: never."""
    return None if values["dies"] == NEVER else float(values["dies"].removesuffix(" s"))


def cluster(values: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """The settings of one server's simulation, from the values of the controls."""
    together = {BARRIER: values["workers"], BACKUP: values["workers"] - values["backups"]}.get(rule, 1)
    settings = {
        "rule": NAMES[rule],
        "workers": values["workers"],
        "fastest": round(1 - values["spread"], 3),
        "slowest": round(1 + values["spread"], 3),
        "straggler": values["straggler"],
        "dies_at": dies_at(values),
        "lr": float(values["lr"]) * (together if values["scaled"] == SCALED else 1),
        "seconds": float(values["seconds"]),
    }
    return settings | ({"backups": values["backups"]} if rule == BACKUP else {})


def _to_target(evidence: Evidence, rule: str) -> Series:
    """Seconds until the start value of the target loss is reached."""
    return analysis.reached(reading.frame(evidence, RUNS, cluster=rule), float(START["target"])).by_seed


def _gradients(evidence: Evidence, rule: str) -> Series:
    """Number of gradients that the server used until the end."""
    return reading.frame(evidence, RUNS, cluster=rule).groupby("seed")["gradients"].last().astype(float)


EXPERIMENTS = (
    Experiment(
        PAGE,
        "eight workers, one straggler",
        "One of eight workers takes five times as long. The synchronous server waits for it in every round; the asynchronous one uses each "
        "gradient when it arrives, uses several times as many in the same time, and reaches the target sooner.",
        Lab(parameter_server.curves, {"clusters": {rule: cluster(START, rule) for rule in START["rules"]}, "seeds": SEEDS}),
        claims=(
            Claim(
                f"seconds to a training loss of {START['target']}, synchronous over asynchronous",
                "ratio",
                Above(1.5),
                lambda evidence: (_to_target(evidence, BARRIER), _to_target(evidence, ASYNCHRONOUS)),
            ),
            Claim(
                "gradients used in 100 seconds, asynchronous over synchronous",
                "ratio",
                Above(2.0),
                lambda evidence: (_gradients(evidence, ASYNCHRONOUS), _gradients(evidence, BARRIER)),
            ),
        ),
    ),
)
