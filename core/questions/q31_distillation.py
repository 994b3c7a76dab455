"""Question 31: distilling a large network instead of training a small one."""

from __future__ import annotations

from typing import Any

from pandas import Series

from core.analysis.claims import Above, Inside
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, last, mean, of, percent, sides, spread
from core.labs.networks import few_labels
from core.questions.question import Option, Question, Turn

FEW = 0.05
UPDATES = 340
"""Epochs over a twentieth of the examples, one batch each, for as many updates as 20 epochs over all have."""
TAUGHT, ALONE = "taught", "alone"
LABELS = {FEW: "labels for 5 %", 1.0: "labels for all"}
NO_BETTER = "taught by a teacher with 5 %"
TEACHER: dict[str, Any] = {"kind": "soft_targets", "temperature": 4, "teacher_hidden": [128, 128], "teacher_epochs": 20}
BASE: dict[str, Any] = {
    "model": {"kind": "mlp", "hidden": [16]},
    "optimizer": {"kind": "adam", "lr": 0.003},
    "training": {"epochs": 20},
}


WITH_FEW: dict[str, Any] = {
    **BASE,
    "training": BASE["training"] | {"labelled": FEW},
    "distillation": TEACHER | {"weight": 0.9},
}
"""A student with few labels, whose teacher has as few: it trains for as many updates as the student alone."""


def compared(**teacher: Any) -> Comparison:
    """A student that is taught and one that is not, with few labels and with all, at equally many updates."""
    taught = TEACHER | teacher
    variants: list[dict[str, Any]] = [
        {"name": f"{TAUGHT}, {LABELS[FEW]}", "training.labelled": FEW, "distillation": {"weight": 0.9} | taught},
        {"name": f"{ALONE}, {LABELS[FEW]}", "training.labelled": FEW, "training.epochs": UPDATES},
        {"name": f"{TAUGHT}, {LABELS[1.0]}", "distillation": {"weight": 0.5} | taught},
        {"name": f"{ALONE}, {LABELS[1.0]}"},
    ]
    return Comparison.load({"base": BASE, "variants": variants, "seeds": 8})


def without_better_teacher(evidence: Evidence) -> tuple[Series, Series]:
    """Accuracy with few labels: taught by a teacher that has the same few, and alone."""
    return by_seed(evidence, "few", "student"), of(last(evidence, "students", "val_accuracy"), f"{ALONE}, {LABELS[FEW]}")


def headline(evidence: Evidence) -> str:
    """What the teacher is worth with few labels."""
    accuracy = last(evidence, "students", "val_accuracy")
    taught, alone = (mean(of(accuracy, f"{who}, {LABELS[FEW]}")) for who in (TAUGHT, ALONE))
    return (
        f"With labels for one example in twenty the taught student reaches {percent(taught)} accuracy, alone it reaches {percent(alone)}."
    )


def picture(evidence: Evidence) -> Picture:
    """Accuracy of both students, with few labels and with all."""
    accuracy = last(evidence, "students", "val_accuracy")
    rows = [(labels, who, of(accuracy, f"{who}, {labels}")) for labels in LABELS.values() for who in (ALONE, TAUGHT)]
    rows.append((LABELS[FEW], NO_BETTER, without_better_teacher(evidence)[0]))
    return answers.cases(spread(rows), cases=list(LABELS.values()), kinds=[ALONE, TAUGHT, NO_BETTER], title="validation accuracy")


QUESTION = Question(
    id="31",
    text="Why distil a large network instead of training a small one?",
    terms=("knowledge distillation", "teacher", "student", "soft targets", "temperature", "compression"),
    topic="compression",
    premise="A network of 16 hidden units has labels for one example in twenty. A large network, which knew all labels, tells it its "
    "probabilities for every example.",
    ask="Does the small network learn more from that than by itself?",
    options=(
        Option(
            "Hardly: its size is what limits it",
            "With all labels the same small network does well: the labels were the limit.",
            belief="16 units are few.",
        ),
        Option(
            "It does worse: it copies the teacher's errors",
            "The teacher errs on few examples; a missing label teaches nothing.",
            belief="No teacher is perfect.",
        ),
        Option(
            "Yes, by far",
            "It learns from every example, also where it has no label.",
            right=True,
            belief="It hears about every example.",
        ),
    ),
    experiments={
        "students": compared(),
        "few": Lab(few_labels.taught, {"settings": WITH_FEW, "teacher_epochs": UPDATES, "seeds": 8}),
    },
    claims=(
        Claim(
            "accuracy with labels for 5 %, taught minus alone", "difference", Above(0.08),
            sides("students", "val_accuracy", f"{TAUGHT}, {LABELS[FEW]}", f"{ALONE}, {LABELS[FEW]}"),
        ),
        Claim(
            "accuracy with labels for all, taught minus alone", "difference", Inside(-0.015, 0.015),
            sides("students", "val_accuracy", f"{TAUGHT}, {LABELS[1.0]}", f"{ALONE}, {LABELS[1.0]}"),
        ),
        Claim(
            "accuracy with labels for 5 %, taught by a teacher with the same 5 % minus alone", "difference", Above(0.0),
            without_better_teacher,
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"L = (1-w)\,\mathrm{CE}(y, p_1) + w\,T^2\,\mathrm{KL}\!\left(q_T \,\|\, p_T\right), \qquad p_T = \mathrm{softmax}(z/T)",
    answer=(
        "A large network is easier to train well, a small one is cheaper to run. In distillation the small one learns the probabilities "
        "of the large one as well as the labels. These say more than a label, namely which wrong class is nearly right, and they exist "
        "for examples without a label too. Most of the gain here is the labels that the teacher knew and hands on: from a teacher that "
        "has the same few labels the student gains little. Where the student has all labels itself and the task is easy, there is little "
        "left to gain either. The loss L adds two parts with weights 1 − w and w: the cross-entropy CE with the label y, where there is "
        "one, and the divergence KL of the student's probabilities p from the teacher's q. Both come from the logits z divided by a "
        "temperature T, here 4: above 1 it evens the probabilities out, so that small ones count, and T² makes up for the smaller "
        "gradients. All students make equally many updates: 5 % of the examples fill one batch and all of them 17, so the student alone "
        "with few labels is trained for 17 times as many epochs."
    ),
    page="pages/distillation.py",
    turns=(
        Turn("Temperature 1", "Do soft targets need to be softened?", compared(temperature=1)),
        Turn("A small teacher", "How good must the teacher be?", compared(teacher_hidden=[8])),
    ),
    sources=("Hinton, Vinyals & Dean 2015, arXiv:1503.02531",),
)  # fmt: skip
