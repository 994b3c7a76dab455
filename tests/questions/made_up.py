"""Evidence that nobody measured: frames of the right form for any question, with numbers drawn by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.analysis.metrics import TESTS
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS
from core.experiments.claims.claim import Measured
from core.runs.store.schema import LAST_COLUMNS

LAYERS = ("hidden1", "hidden2", "output")
EPOCHS = 12
COMPUTED = {}


def of(comparison, seed=0):
    """Frames as the store gives them, each run with a falling loss and a rising score, at another level."""
    rng = np.random.default_rng(seed)
    history, layers, runs = [], [], []
    for variant, run in comparison.members:
        level, last = rng.uniform(0.5, 2), {}
        of_run = {"variant": variant, "seed": run.seed, "run": run.key}
        for epoch in range(EPOCHS + 1):
            score = 1 - 0.9 * np.exp(-level * epoch / 3)
            row = {
                name: level * np.exp(-epoch / 5) if "loss" in name else score for name in HISTORY_COLUMNS if name not in ("run", "status")
            }
            last = row | {
                "step": 10 * epoch,
                "epoch": float(epoch),
                "samples": 100 * epoch,
                "seconds": 0.1 * epoch,
                "status": "running",
                "moment": "",
            }
            history.append(of_run | last)
            layers += [of_run | {"step": 10 * epoch, "epoch": float(epoch), "layer": name} | _of_layer(rng) for name in LAYERS]
        history[-1]["status"] = "finished"
        ended = {f"last_{name}": last.get(name, np.nan) for name in LAST_COLUMNS} | {name: rng.uniform(0.1, 0.9) for name in TESTS}
        runs.append(
            of_run
            | {
                "status": "finished",
                "epochs": EPOCHS,
                "epoch": last["epoch"],
                "step": last["step"],
                "seconds": 1.0,
                "parameters": 100,
                "nonzero": 90,
            }
            | ended
        )
    return Measured(pd.DataFrame(history), pd.DataFrame(layers), pd.DataFrame(runs))


def _of_layer(rng):
    return {name: rng.uniform(0.1, 1) for name in LAYER_COLUMNS if name not in ("run", "step", "layer", "counts")}


def evidence(question, seed=0):
    """What a question would have been told: comparisons made up, labs computed, each once."""
    found = {name: of(comparison, seed) for name, comparison in question.comparisons.items()}
    for lab in question.labs.values():
        if lab.key not in COMPUTED:
            COMPUTED[lab.key] = lab.compute()
    return found | {name: Measured(frame=COMPUTED[lab.key].copy()) for name, lab in question.labs.items()}
