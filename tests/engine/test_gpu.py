"""A GPU trains what the CPU trains: every kind of every choice, in float64, where there is a GPU."""

from __future__ import annotations

import pytest
import torch

from core.engine.records import SCORES, Records
from core.engine.segments import Segment, run_segment
from core.engine.stack import begin
from core.settings import RunSettings
from tests.engine.kinds import kinds, run_of
from tests.engine.test_contracts import AMPLIFIES_ROUNDING

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here")

ONE_EXAMPLE = 0.06
"""In scores that count: an example whose logits are equal but for their rounding goes either way."""


def on(device: str, path: str, kind: str) -> RunSettings:
    """A small run of a kind, on a device."""
    full = {"batch_size": "full"} if kind in AMPLIFIES_ROUNDING else {}
    return run_of(path, kind, training={"epochs": 2, "device": device} | full)


def by_segments(runs: list[RunSettings]) -> Records:
    """As a worker trains: the stack becomes bytes after each epoch."""
    state, records = None, Records()
    while state is not None or not records.history:
        result = run_segment(Segment(tuple(runs), state, epochs=1))
        state = result.state
        records.extend(result.records)
    return records


@pytest.mark.parametrize(("path", "kind"), kinds())
def test_a_gpu_gives_the_numbers_of_the_cpu_also_where_its_stack_is_stored_after_each_epoch(path, kind):
    here, there = on("cpu", path, kind), on("cuda", path, kind)
    pairs = [[run, run.model_copy(update={"seed": 3})] for run in (here, there)]
    on_cpu, on_gpu = by_segments(pairs[0]), by_segments(pairs[1])
    tolerance = 1e-4 if kind in AMPLIFIES_ROUNDING else 1e-7
    for row, twin in zip(on_gpu.history, on_cpu.history, strict=True):
        assert row["status"] == twin["status"]
        for name in set(row) - {"run", "status", "moment", "seconds"}:
            near = ONE_EXAMPLE if name.endswith(OF_CLASSES) else tolerance
            assert row[name] == pytest.approx(twin[name], rel=tolerance, abs=near, nan_ok=True), name


OF_CLASSES = tuple(name for name in SCORES if name not in ("loss", "rmse", "mae", "r2"))
"""Scores that jump when a single example changes its class."""

SHARED = {
    "a sample is measured": {"training": {"evaluate_train": "sample", "evaluate_examples": 30}},
    "no training example is measured": {"training": {"evaluate_train": "none"}},
    "without validation data": {"data": {"kind": "wine", "validation_fraction": 0}},
    "weighted classes of known labels": {"loss": {"kind": "focal", "class_weights": "balanced"}, "training": {"labelled": 0.5}},
    "rewound": {"pruning": {"kind": "magnitude", "epochs": [1], "rewind": 0}},
    "diverged": {"optimizer": {"kind": "sgd", "lr": 1.0, "weight_decay": 10.0}, "model": {"kind": "linear"}},
    "overflowed": {"optimizer": {"kind": "schedule_free_adamw", "r": 1e6}},
}


@pytest.mark.parametrize("changes", SHARED.values(), ids=SHARED)
def test_what_is_measured_and_judged_is_so_on_a_gpu_too(changes):
    found = {}
    for device in ("cpu", "cuda"):
        given = on(device, "optimizer", "sgd").model_dump(mode="json")
        training = given["training"] | changes.get("training", {})
        run = RunSettings.model_validate(given | changes | {"training": training})
        found[device] = by_segments([run, run.model_copy(update={"seed": 3})])
    for row, twin in zip(found["cuda"].history, found["cpu"].history, strict=True):
        assert (row["status"], row["moment"]) == (twin["status"], twin["moment"])
        assert row["train_loss"] == pytest.approx(twin["train_loss"], rel=1e-7, nan_ok=True)
        assert row["val_loss"] == pytest.approx(twin["val_loss"], rel=1e-7, nan_ok=True)


def test_auto_takes_the_gpu():
    assert begin([on("auto", "optimizer", "adam")]).flat_RP.is_cuda
