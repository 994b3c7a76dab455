"""Every kind of every choice, found in the settings themselves, and a run that is small and has it."""

from __future__ import annotations

from typing import get_args

from core.choices.base import Choice, classes
from core.choices.models import Recurrent
from core.choices.penalties import Penalty
from core.reference import entries
from core.settings import RunSettings
from tests.fuzz.places import NOT_HERE

CELLS: tuple[str, ...] = get_args(Recurrent.model_fields["cell"].annotation)
"""Of a recurrent network."""

SHORT: dict[str, dict[str, object]] = {
    "data": {"samples": 300, "steps": 6, "length": 2, "delay": 3},
    "stopping": {"patience": 1, "evaluations": 1, "restore_best": True},
    "pruning": {"epochs": [1], "sparsity": 0.6},
    "distillation": {"teacher_epochs": 1, "teacher_hidden": [4], "teachers": 2},
    "clipping": {"max_norm": 0.3, "max_value": 0.02, "window": 3},
}
"""Values of fields, where a kind has them, so that something happens in a run of a few updates."""

SIZES = {"max_norm": 0.7}
"""Of a penalty, where the strength that suits the others does nothing."""

NEEDS: dict[tuple[str, str], dict[str, object]] = {
    ("pruning", "snip"): {"epochs": [0]},
    ("model.normalization", "group"): {"groups": 2},
    ("optimizer", "lbfgs"): {"max_iter": 4},
}


def kinds(*paths: str) -> list[tuple[str, str]]:
    """(path, kind) of every choice that has kinds; with paths, of these."""
    found = [(entry.path, entry.kind) for entry in entries() if entry.kind is not None and entry.kind not in NOT_HERE]
    return [pair for pair in found if not paths or pair[0] in paths]


def penalties() -> list[tuple[str, str]]:
    """("penalty", field) of everything that a penalty can be, as `kinds` gives them: a penalty has fields that add up, and no kinds.

    One that goes by groups is there by units (`l2_norm`) and by layers (`l2_norm layer`).
    """
    found = []
    for name in Penalty.model_fields:
        if name != "groups":
            by_layer = Penalty.model_validate({name: 0.1, "groups": "layer"})
            found += [name, f"{name} layer"] if "groups" in by_layer.identity() else [name]
    return [("penalty", name) for name in found]


def fields_of(path: str, kind: str) -> set[str]:
    """The fields of a kind."""
    owners: list[type[Choice]] = [RunSettings]
    for name in path.split("."):
        owners = [cls for owner in owners if name in owner.model_fields for cls in classes(owner.model_fields[name])]
    return {name for cls in owners if cls.model_fields["kind"].default == kind for name in cls.model_fields}


def run_of(path: str, kind: str, *, seed: int = 0, training: dict | None = None, **more: object) -> RunSettings:
    """A run of a few updates in float64, of unequal sizes, whose choice at `path` is of this kind."""
    given: dict = {
        "data": "wine",
        "model": {"kind": "mlp", "hidden": [8, 6], "activation": "tanh"},
        "optimizer": {"kind": "sgd", "lr": 0.05},
    }
    given["training"] = {"epochs": 3, "batch_size": 33, "dtype": "float64"} | (training or {})
    if path == "penalty":
        name, _, groups = kind.partition(" ")
        given["penalty"] = {name: SIZES.get(name, 0.02)} | ({"groups": groups} if groups else {})
        return RunSettings.model_validate({**given, "seed": seed, **more})
    *parents, last = path.split(".")
    place = given
    for name in parents:
        place = place.setdefault(name, {})
    short = {name: value for name, value in SHORT.get(path, {}).items() if name in fields_of(path, kind)}
    place[last] = {"kind": kind} | short | NEEDS.get((path, kind), {})
    if path == "model.normalization":  # a bias before batch norm has gradient 0 but for its rounding, which Adam blows up to full steps
        given["model"]["bias"] = False
    if path == "mistake":
        needs = {"eval_with_dropout": {"dropout": 0.3}, "batch_statistics_in_eval": {"normalization": "batch", "bias": False}}
        given["model"] |= needs.get(kind, {})
        given["data"] = "iris"  # whose features are small as they came: thousands would leave fewer digits
    if path == "loss" and kind in ("squared", "absolute", "huber"):
        given["data"] = {"kind": "diabetes"}
    if path == "model" and kind in ("convnet", "recurrent"):
        given["data"] = {"kind": "mnist1d", "samples": 300}
    if path == "model" and kind == "convnet":
        given["model"]["channels"] = [3, 2]
    if path == "model" and kind == "recurrent":
        given["model"] |= {"hidden": 4, "truncation": None}
    return RunSettings.model_validate({**given, "seed": seed, **more})
