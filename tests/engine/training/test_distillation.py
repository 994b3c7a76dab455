"""Teachers and students: soft targets, the student's own network, ensembles, hints, and few labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.engine.advance import advance
from core.engine.stack import begin, labelled
from core.engine.streams import epoch_order, stream_seed
from core.engine.training.distillation import outputs_of
from core.engine.training.noise import _mixing
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training, vector
from tests.engine.test_contracts import settings

T, WEIGHT = 2.5, 0.7
COMMON = {"teacher_epochs": 2, "temperature": T, "weight": WEIGHT}
SMALL = {"teacher_hidden": [9]}


def plain_student(run, extra=None):
    """A student trained on labels and on the mean softened probabilities of its teachers, as a notebook would."""
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    teachers = [plain_torch_training(teacher).model for teacher in run.teachers]
    with torch.no_grad():
        soft = torch.stack([torch.softmax(teacher(x) / T, 1) for teacher in teachers]).mean(0)
    known = torch.ones(len(x), dtype=torch.bool)
    if (places := labelled(run)) is not None:
        known[:] = False
        known[torch.from_numpy(places)] = True
    student = core.build_model(run)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    for epoch in range(run.training.epochs):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            optimizer.zero_grad()
            out = student(x[batch])
            on_labels = nn.functional.cross_entropy(out, y[batch], reduction="none")[known[batch]].sum() / len(batch)
            kl = nn.KLDivLoss(reduction="batchmean")(torch.log_softmax(out / T, 1), soft[batch])
            loss = (1 - WEIGHT) * on_labels + WEIGHT * T**2 * kl
            (loss if extra is None else loss + extra(student, teachers[0], x[batch], x)).backward()
            optimizer.step()
    return student


@pytest.mark.parametrize(
    "distillation",
    [COMMON | SMALL | {"kind": "soft_targets"}, COMMON | {"kind": "self"}, COMMON | SMALL | {"kind": "ensemble", "teachers": 3}],
    ids=lambda d: d["kind"],
)
def test_students_train_as_plain_torch_would(distillation):
    runs = [settings(distillation=distillation, seed=seed) for seed in (1, 2)]
    models, _ = stacked_training(runs)
    assert_same_weights(models[runs[0].key], plain_student(runs[0]), 1e-10)


def test_a_hint_makes_the_hidden_layers_find_the_same_examples_alike():
    hint = COMMON | SMALL | {"kind": "hint", "hint": 3.0}
    run = settings(distillation=hint, seed=1)

    def rows(a):
        return nn.functional.normalize(a @ a.T, dim=1)

    def extra(student, teacher, x, _all):
        mine = student.hidden2(student.hidden1(x))
        theirs = teacher.hidden1(x).detach()
        return 3.0 * (rows(mine) - rows(theirs)).square().sum(1).mean()

    models, _ = stacked_training([run, run.model_copy(update={"seed": 5})])
    assert_same_weights(models[run.key], plain_student(run, extra), 1e-10)


def test_with_mixup_a_student_learns_from_what_is_known_of_both_examples_of_a_blend():
    training = {"mixup": 0.4, "labelled": 0.3}
    run = settings(distillation=COMMON | SMALL | {"kind": "soft_targets"}, training=training, seed=3)
    models, _ = stacked_training([run, run.model_copy(update={"seed": 5})])
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    teachers, _ = stacked_training(run.teachers)
    with torch.no_grad():
        soft = torch.softmax(teachers[run.teachers[0].key](x) / T, 1)
    known = torch.zeros(len(x))
    known[torch.from_numpy(labelled(run))] = 1
    student = core.build_model(run)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)

    def towards(out, batch):
        on_labels = nn.functional.cross_entropy(out, y[batch], reduction="none") * known[batch]
        kl = nn.KLDivLoss(reduction="none")(torch.log_softmax(out / T, 1), soft[batch]).sum(1)
        return ((1 - WEIGHT) * on_labels + WEIGHT * T**2 * kl).mean()

    order = [batch for epoch in range(3) for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11)]
    for step, batch in enumerate(order):
        share, place = _mixing(stream_seed(run, "noise"), 0.4, step, len(batch))
        other = batch[place]
        optimizer.zero_grad()
        out = student(share * x[batch] + (1 - share) * x[other])
        (share * towards(out, batch) + (1 - share) * towards(out, other)).backward()
        optimizer.step()
    assert_same_weights(models[run.key], student, 1e-10)


def test_a_student_learns_from_examples_without_labels():
    run = settings(distillation=COMMON | SMALL | {"kind": "soft_targets"}, training={"labelled": 0.3})
    models, _ = stacked_training([run])
    assert_same_weights(models[run.key], plain_student(run), 1e-10)


def test_without_a_teacher_examples_without_labels_are_left_out():
    run = settings(training={"labelled": 0.3}, optimizer={"kind": "sgd", "lr": 0.05})
    split = core.load_data(run.data)
    places = labelled(run)
    x, y = torch.tensor(split.x_train[places]), torch.tensor(split.y_train[places])
    model = core.build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for epoch in range(3):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    models, _ = stacked_training([run])
    assert_same_weights(models[run.key], model, 1e-10)


def test_the_labelled_examples_are_the_same_share_of_each_class_and_nested():
    few, many = (labelled(settings(training={"labelled": share})) for share in (0.2, 0.5))
    y = core.load_data(settings().data).y_train
    assert set(few) < set(many)
    assert len(few) == round(0.2 * len(y))
    for label in range(3):
        assert abs((y[few] == label).sum() - 0.2 * (y == label).sum()) < 1
    one_each = labelled(settings(training={"labelled": 0.001}))
    assert sorted(y[one_each]) == [0, 1, 2]
    assert labelled(settings()) is None


def test_teachers_know_all_labels_and_are_nobody_elses():
    run = settings(distillation={"kind": "ensemble", "teachers": 4}, training={"labelled": 0.1}, seed=2)
    assert all(teacher.training.labelled == 1 for teacher in run.teachers)
    others = settings(distillation={"kind": "ensemble", "teachers": 4}, seed=3).teachers
    assert not {teacher.seed for teacher in run.teachers} & {teacher.seed for teacher in others}


def test_an_ensembles_teachers_differ_whatever_the_streams_of_the_student_are():
    streams = dict.fromkeys(("init_seed", "order_seed", "dropout_seed", "noise_seed"), 7)
    plain, held = (settings(distillation={"kind": "ensemble", "teachers": 3}, training=given) for given in ({}, streams))
    assert held.teachers == plain.teachers
    starts = [vector(core.build_model(teacher)) for teacher in held.teachers]
    assert not np.array_equal(starts[0], starts[1])


def test_only_students_with_hints_carry_hidden_layers_along():
    for kind, carried in (("soft_targets", False), ("hint", True)):
        stack = begin([settings(distillation={"kind": kind, "teacher_epochs": 1})])
        taught, _ = advance(stack, 1)
        assert [outputs.hidden_NH is not None for outputs in taught.teacher_outputs.values()] == [carried]


def test_training_in_pieces_goes_through_the_teachers_too():
    runs = [settings(distillation=COMMON | SMALL | {"kind": kind}, model={"dropout": 0.2}) for kind in ("soft_targets", "hint")]
    for run in runs:
        whole, _ = stacked_training([run])
        pieces, _ = stacked_training([run], epochs=1)
        assert_same_weights(pieces[run.key], whole[run.key], 0)


def test_of_a_teacher_its_outputs_and_its_last_hidden_layer_are_kept():
    model = core.build_model(settings()).eval()
    x = torch.tensor(core.load_data(settings().data).x_train)
    outputs = outputs_of(model, x, hints=True)
    torch.testing.assert_close(outputs.logits_NC, model(x).detach())
    torch.testing.assert_close(outputs.hidden_NH, model.hidden2(model.hidden1(x)).detach())
    assert np.isfinite(outputs.hidden_NH.numpy()).all()
