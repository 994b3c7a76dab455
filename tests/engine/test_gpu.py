"""A GPU trains what the CPU trains: every kind of every choice, in float64, where there is a GPU."""

from __future__ import annotations

import pytest
import torch

from core.engine.records import Records
from core.engine.segments import Segment, run_segment
from core.engine.stack import begin
from core.reference import entries
from core.settings import RunSettings
from tests.engine.test_contracts import AMPLIFIES_ROUNDING

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here")

ONE_EXAMPLE = 0.06
"""In scores that count: an example whose logits are equal but for their rounding goes either way."""
NOT_HERE = {"custom", "openml", "table"}
"""They name a class, a download, a file."""


NEEDS = {"pruning": {"epochs": [1]}, ("pruning", "none"): {}, ("pruning", "snip"): {}, ("model.normalization", "group"): {"groups": 2}}
"""What its defaults lack for so short a run."""


def kinds() -> list[tuple[str, str]]:
    """(path, kind) of every choice that has kinds."""
    return [(entry.path, entry.kind) for entry in entries() if entry.kind is not None and entry.kind not in NOT_HERE]


def run_of(path: str, kind: str, device: str) -> RunSettings:
    given: dict = {"data": "wine", "model": {"kind": "mlp", "hidden": [8, 4]}, "optimizer": {"kind": "sgd", "lr": 0.02}}
    given["training"] = {"epochs": 2, "batch_size": 11, "dtype": "float64", "device": device}
    *parents, last = path.split(".")
    place = given
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = {"kind": kind} | NEEDS.get((path, kind), NEEDS.get(path, {}))
    if path == "loss" and kind in ("squared", "absolute", "huber"):
        given["data"] = {"kind": "diabetes"}
    if kind in ("convnet", "recurrent"):
        given["data"] = {"kind": "digits"}
    if kind in AMPLIFIES_ROUNDING:
        given["training"]["batch_size"] = "full"
    return RunSettings.model_validate(given)


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
    here, there = run_of(path, kind, "cpu"), run_of(path, kind, "cuda")
    pairs = [[run, run.model_copy(update={"seed": 3})] for run in (here, there)]
    on_cpu, on_gpu = by_segments(pairs[0]), by_segments(pairs[1])
    tolerance = 1e-4 if kind in AMPLIFIES_ROUNDING else 1e-7
    for row, twin in zip(on_gpu.history, on_cpu.history, strict=True):
        assert row["status"] == twin["status"]
        for name in set(row) - {"run", "status", "moment", "seconds"}:
            near = ONE_EXAMPLE if name.endswith(("accuracy", "f1")) else tolerance
            assert row[name] == pytest.approx(twin[name], rel=tolerance, abs=near, nan_ok=True), name


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
        given = run_of("optimizer", "sgd", device).model_dump(mode="json")
        training = given["training"] | changes.get("training", {})
        run = RunSettings.model_validate(given | changes | {"training": training})
        found[device] = by_segments([run, run.model_copy(update={"seed": 3})])
    for row, twin in zip(found["cuda"].history, found["cpu"].history, strict=True):
        assert (row["status"], row["moment"]) == (twin["status"], twin["moment"])
        assert row["train_loss"] == pytest.approx(twin["train_loss"], rel=1e-7, nan_ok=True)
        assert row["val_loss"] == pytest.approx(twin["val_loss"], rel=1e-7, nan_ok=True)


def test_auto_takes_the_gpu():
    assert begin([run_of("optimizer", "adam", "auto")]).flat_RP.is_cuda
