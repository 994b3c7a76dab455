"""Distillation from a teacher that knows only the labels of its student.

The engine's teachers know all labels, so a student with few labels mostly gains the labels that its teacher passes on. Here
the teacher is trained only on the student's labelled examples; the student then learns its probabilities on all examples.

The engine trains with its soft targets (Hinton, Vinyals & Dean 2015, arXiv:1503.02531). Torch is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pandas import DataFrame

from core.labs.threads import one_thread
from core.labs.training import trained
from core.settings import RunSettings

SELDOM = 10_000_000
"""Updates between two measurements of a teacher; the number is large, because none is needed."""


def taught(settings: Mapping[str, Any], teacher_epochs: int, seeds: int) -> DataFrame:
    """Validation accuracies for the seeds 0, 1, ...: seed, teacher, student.

    Args:
        settings: settings of a student with one teacher and `training.labelled` below 1, without a seed.
        teacher_epochs: epochs of its teacher, over the labelled examples only.
        seeds: number of seeds.
    """
    from core.engine.advance import advance
    from core.engine.stack import begin
    from core.engine.training.distillation import outputs_of

    students = [RunSettings.model_validate({**settings, "seed": seed}) for seed in range(seeds)]
    teachers = [_teacher(student, teacher_epochs) for student in students]
    models = trained(teachers)
    with one_thread():
        examples, outputs = _training_examples(students[0]), {}
        for student, teacher in zip(students, teachers, strict=True):
            outputs[student.teachers[0].key] = outputs_of(models[teacher.key], examples, hints=False)
        stack = replace(begin(students), teachers=(), teacher_outputs=outputs)
        _, records = advance(stack, students[0].training.epochs)
    last = {row["run"]: float(row["val_accuracy"]) for row in records.history}
    rows = zip(students, teachers, strict=True)
    return DataFrame([{"seed": s.seed, "teacher": _accuracy(models[t.key], s), "student": last[s.key]} for s, t in rows])


def _teacher(student: RunSettings, epochs: int) -> RunSettings:
    """The student's teacher, with the student's labels."""
    (teacher,) = student.teachers
    own = {"epochs": epochs, "labelled": student.training.labelled, "evaluate_every": SELDOM}
    training = teacher.training.model_copy(update=own)
    return teacher.model_copy(update={"training": training})


def _training_examples(run: RunSettings) -> Any:
    import torch

    from core.data.loading import load_data

    return torch.tensor(load_data(run.data).x_train, dtype=torch.float32)


def _accuracy(model: Any, run: RunSettings) -> float:
    import torch

    from core.data.loading import load_data

    split = load_data(run.data)
    with torch.no_grad():
        found = model(torch.tensor(split.x_val, dtype=torch.float32)).argmax(1).numpy()
    return float((found == split.y_val).mean())
