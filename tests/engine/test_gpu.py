"""A GPU trains what the CPU trains: every kind of every choice, in float64, where there is a GPU."""

from __future__ import annotations

import pytest
import torch

from core.engine.records import Records
from core.engine.segments import Segment, run_segment
from core.engine.state import begin
from core.reference import entries
from core.settings import RunSettings
from tests.engine.test_contracts import AMPLIFIES_ROUNDING

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here")

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
        for name in set(row) - {"run", "status", "seconds"}:
            assert row[name] == pytest.approx(twin[name], rel=tolerance, abs=tolerance, nan_ok=True), name


def test_auto_takes_the_gpu():
    assert begin([run_of("optimizer", "adam", "auto")]).flat_RP.is_cuda
