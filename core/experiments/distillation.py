"""The experiments of the page of distillation: temperature, weight and number of labels; and kinds of distillation."""

from __future__ import annotations

from core.analysis.claims import Above, Below
from core.comparison import Comparison
from core.experiments.claims.claiming import difference
from core.experiments.experiment import Experiment

PAGE = "distillation"

_BASE = {
    "model": {"kind": "mlp", "hidden": [8]},
    "optimizer": {"kind": "adam", "lr": 0.01},
    "distillation": {"kind": "soft_targets", "teacher_hidden": [64, 64]},
}
LABELLED = (0.05, 0.2, 1.0)

START = Comparison.load(
    {
        "base": _BASE,
        "vary": {
            "distillation.temperature": [1.0, 4.0, 10.0],
            "distillation.weight": [0.5, 0.9],
            "training.labelled": list(LABELLED),
        },
        "seeds": 3,
    }
)
"""A student with 8 hidden units and a teacher with 64 + 64; the student may use 5 %, 20 % or all of the labels."""


def _beside_alone() -> Comparison:
    """The student with a teacher at temperature 4 and weight 0.9, and alone, with few labels and with all."""
    taught = {"distillation.temperature": 4.0, "distillation.weight": 0.9}
    variants = [
        {"name": f"{name}, labelled={share:g}", "training.labelled": share, **own}
        for share in LABELLED
        for name, own in (("taught", taught), ("alone", {"distillation": "none"}))
    ]
    return Comparison.load({"base": _BASE, "variants": variants, "seeds": START.seeds})


EXPERIMENTS = (
    Experiment(
        PAGE,
        "temperature, weight, labels",
        "The temperature, the weight of the soft targets, and the share of labels vary. Soft targets need no labels, so a student with 5 % "
        "of the labels improves with a teacher; with all labels, it gains little.",
        START,
        claims=(
            difference(
                "validation accuracy with 5 % of the labels, taught minus alone",
                Above(0.02),
                "val_accuracy",
                "taught, labelled=0.05",
                "alone, labelled=0.05",
            ),
            difference(
                "validation accuracy with all labels, taught minus alone",
                Below(0.03),
                "val_accuracy",
                "taught, labelled=1",
                "alone, labelled=1",
            ),
        ),
        trained=_beside_alone(),
    ),
    Experiment(
        PAGE,
        "kinds of teaching",
        "Soft targets of one teacher, of five, of the student itself, and with a hint from the hidden layer; with 5 % of the labels.",
        Comparison.load(
            {
                "base": _BASE | {"training": {"labelled": 0.05}},
                "variants": [
                    {"name": "one teacher"},
                    {"name": "five teachers", "distillation": {"kind": "ensemble", "teacher_hidden": [64, 64]}},
                    {"name": "hint", "distillation": {"kind": "hint", "teacher_hidden": [64, 64]}},
                    {"name": "itself", "distillation": {"kind": "self"}},
                ],
                "seeds": 3,
            }
        ),
    ),
)
