"""Each trace of a bug is told from made-up losses; one that is none of them is not named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas import Series

from core.analysis.doctor.one_batch import symptom, symptoms

STEPS = np.arange(201)
GUESSING = np.log(10)
TRACES = {
    "healthy": GUESSING * np.exp(-STEPS / 20),
    "flipped sign": GUESSING + 5.0 * STEPS,
    "exploding": np.where(STEPS < 3, GUESSING, 5_000.0),
    "oscillating": np.where(STEPS % 2, 30.0, 1.0),
    "plateau": GUESSING * (0.75 + 0.25 * np.exp(-STEPS / 10)),
    "unnamed": np.maximum(GUESSING * np.exp(-STEPS / 20), 0.05),
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_has_its_name(name):
    assert symptom(Series(TRACES[name]), 10) == name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_has_exploded(value):
    losses = TRACES["healthy"].copy()
    losses[150] = value
    assert symptom(Series(losses), 10) == "exploding"


def test_runs_are_told_apart_whatever_the_order_of_their_rows():
    rows = [(kind, seed, step, loss) for kind, trace in TRACES.items() for seed in (3, 5) for step, loss in enumerate(trace)]
    frame = pd.DataFrame(rows, columns=["kind", "seed", "step", "loss"]).sample(frac=1, random_state=0)
    found = symptoms(frame, 10)
    assert len(found) == 2 * len(TRACES)
    assert (found["kind"] == found["symptom"]).all()
