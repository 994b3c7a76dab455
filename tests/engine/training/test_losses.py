"""Every loss against torch's own on a plain loop, and with all that may come on top of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

import core
from core.choices.losses import FocalLoss, Loss, loss_for
from core.engine.advance import advance
from core.engine.batches import tensors_of
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from core.engine.training.training_loss import TrainingLoss, balanced_weights
from core.settings import SettingsError
from tests.choices.extremes import at_its_bounds
from tests.engine.reference import assert_same_weights, history, plain_torch_training, stacked_training
from tests.engine.test_contracts import every, kind_of, rows_of, settings

KINDS = every(Loss)
OF_NUMBERS = [cls for cls in KINDS if cls.task == "regression"]
OF_CLASSES = [cls for cls in KINDS if cls.task == "classification"]


def data_for(cls):
    return "diabetes" if cls.task == "regression" else {"kind": "imbalanced", "samples": 200}


def variants():
    """Each kind as it is by default and with each of its settings at a bound that differs."""
    for cls in KINDS:
        tried = [{}, *(change for change in at_its_bounds(cls) if "delta" not in change)]
        tried += [{"delta": 0.3}] if "delta" in cls.model_fields else []
        tried += [{"gamma": 0.5}, {"gamma": 3.0, "class_weights": "balanced"}] if "gamma" in cls.model_fields else []
        yield from ((cls, {"kind": kind_of(cls)} | change) for change in tried)


VARIANTS = list(variants())


def weights_of(run):
    """Balanced weights by scikit-learn, a weight a class."""
    labels = core.load_data(run.data).y_train
    return torch.tensor(compute_class_weight("balanced", classes=np.unique(labels), y=labels))


def focal(gamma, weights):
    """The focal loss as its paper writes it."""

    def criterion(outputs, targets):
        p = outputs.softmax(1).gather(1, targets[:, None])[:, 0]
        return (-weights[targets] * (1 - p) ** gamma * p.log()).mean()

    return criterion


def torchs(run):
    """The criterion that a notebook would write."""
    loss = run.loss
    match loss.kind:
        case "absolute":
            return nn.L1Loss()
        case "huber":
            return nn.HuberLoss(delta=loss.delta)
        case "squared":
            return nn.MSELoss()
        case "auto":
            return None
    weights = weights_of(run) if loss.weighted else torch.ones(core.load_data(run.data).outputs, dtype=torch.float64)
    if loss.kind == "focal":
        return focal(loss.gamma, weights)
    each = nn.CrossEntropyLoss(weight=weights, reduction="none", label_smoothing=run.training.label_smoothing)
    return lambda outputs, targets: each(outputs, targets).mean()


MODELS = {"a chain": {}, "with autograd": {"normalization": "layer"}}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("cls", "loss"), VARIANTS, ids=[str(loss) for _, loss in VARIANTS])
def test_every_loss_trains_as_torchs_own_on_a_plain_loop(cls, loss, model):
    runs = [settings(data=data_for(cls), loss=loss, model=model, seed=seed, optimizer={"kind": "sgd", "lr": 0.05}) for seed in (0, 2)]
    models, records = stacked_training(runs)
    for run in runs:
        plain = plain_torch_training(run, criterion=torchs(run))
        assert_same_weights(models[run.key], plain.model, 1e-10)
        np.testing.assert_allclose([row["train_loss"] for row in history(records, run)[1:]], plain.losses, atol=1e-10)


def test_on_a_whole_batch_balanced_weights_are_torchs_weighted_mean():
    run = settings(
        data=data_for(OF_CLASSES[0]), loss={"kind": "cross_entropy", "class_weights": "balanced"}, training={"batch_size": "full"}
    )
    twin = plain_torch_training(run, criterion=nn.CrossEntropyLoss(weight=weights_of(run)))
    assert_same_weights(stacked_training([run])[0][run.key], twin.model, 1e-10)


@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_label_smoothing_with_weights_is_torchs(weights):
    loss = {"kind": "cross_entropy", "class_weights": weights}
    run = settings(data=data_for(OF_CLASSES[0]), loss=loss, training={"label_smoothing": 0.2})
    assert_same_weights(stacked_training([run])[0][run.key], plain_torch_training(run, criterion=torchs(run)).model, 1e-10)


def test_focal_with_gamma_0_is_cross_entropy():
    given = {"data": data_for(FocalLoss), "seed": 4}
    pair = [settings(loss=loss, **given) for loss in ({"kind": "focal", "gamma": 0}, "cross_entropy")]
    models, _ = stacked_training([pair[0]])
    others, _ = stacked_training([pair[1]])
    assert_same_weights(models[pair[0].key], others[pair[1].key], 1e-10)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
def test_the_focal_gradient_is_finite_where_an_example_is_right_without_a_doubt(gamma):
    error = torch.tensor([0.0, 1e-30, 1e-8, 5.0, 1e4], dtype=torch.float32, requires_grad=True)
    FocalLoss(gamma=gamma).of(error).sum().backward()
    assert error.grad.isfinite().all()
    assert (error.grad >= 0).all()


def test_weights_are_of_the_labels_that_a_run_may_use():
    run = settings(data=data_for(FocalLoss), loss={"kind": "focal", "class_weights": "balanced"}, training={"labelled": 0.4})
    stack = begin([run])
    known = core.load_data(run.data).y_train[core.engine.stack.labelled(run)]
    expected = compute_class_weight("balanced", classes=np.unique(known), y=known)
    np.testing.assert_allclose(balanced_weights(stack, tensors_of(stack)).numpy(), expected)


ON_TOP = {
    "mixup": {"training": {"mixup": 0.4}},
    "noise": {"training": {"input_noise": 0.1, "gradient_noise": 0.01}},
    "accumulation": {"training": {"accumulation": 2}},
    "penalty": {"penalty": {"l1": 1e-3, "l2_squared": 1e-3}},
    "pruning by gradient": {"pruning": {"kind": "gradient", "sparsity": 0.5, "epochs": [1, 2], "rewind": 0}},
    "second order": {"optimizer": {"kind": "lbfgs", "max_iter": 3}},
    "best weights": {"stopping": {"kind": "patience", "restore_best": True}},
}
OF_TEACHERS = {
    "soft targets": {"distillation": {"kind": "soft_targets", "teacher_epochs": 1, "teacher_hidden": [8]}, "training": {"labelled": 0.5}},
}


@pytest.mark.parametrize("cls", KINDS, ids=kind_of)
def test_alone_stacked_and_resumed_are_one_whatever_comes_on_top(cls):
    changes = [*ON_TOP.values(), *([] if cls.task == "regression" else OF_TEACHERS.values())]
    for change in changes:
        runs = [settings(data=data_for(cls), loss=kind_of(cls), seed=seed, **change) for seed in (0, 1)]
        whole_models, whole = stacked_training(runs)
        stack, pieces = begin(runs), Records()
        while not stack.finished:
            stack, new = advance(from_bytes(to_bytes(stack)), 1)
            pieces.extend(new)
        assert repr(sorted(map(repr, rows_of(pieces, "history")))) == repr(sorted(map(repr, rows_of(whole, "history")))), change
        alone, _ = stacked_training(runs[:1])
        if change is not ON_TOP["second order"]:  # it trains in a stack of its own, since it amplifies rounding
            assert_same_weights(alone[runs[0].key], whole_models[runs[0].key], 1e-10)
        assert {row["status"] for row in whole.ended} <= {"finished", "stopped"}


@pytest.mark.parametrize("cls", OF_CLASSES, ids=kind_of)
def test_every_position_of_an_example_counts_and_weights_its_class(cls):
    loss = {"kind": kind_of(cls), "class_weights": "balanced"}
    run = settings(data={"kind": "copy", "samples": 60}, model={"kind": "mlp", "hidden": [6]}, loss=loss)
    stack = begin([run])
    data, (ours,) = tensors_of(stack), TrainingLoss(stack, tensors_of(stack))(*outputs_and_targets(stack))
    outputs, targets = outputs_and_targets(stack)
    each = outputs[0].view(-1, data.classes)
    labels = targets[0].flatten()
    nll = nn.functional.cross_entropy(each, labels, reduction="none")
    plain = (
        run.loss.of(nll)
        * torch.tensor(compute_class_weight("balanced", classes=np.arange(data.classes), y=data.train.y_N.flatten().numpy()))[labels]
    )
    torch.testing.assert_close(ours, plain.view(targets[0].shape).mean(1), atol=1e-10, rtol=0)


def outputs_and_targets(stack):
    data = tensors_of(stack)
    x, y = data.train.take(torch.arange(9)[None])
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(1, 9, y.shape[2] * data.classes, generator=generator, dtype=torch.float64)
    return outputs, y


def test_pruning_by_gradient_takes_the_gradient_of_the_loss_that_is_minimised():
    given = {"data": data_for(FocalLoss), "pruning": {"kind": "snip", "sparsity": 0.7}}
    masks = []
    for loss in ("cross_entropy", {"kind": "cross_entropy", "class_weights": "balanced"}):
        run = settings(loss=loss, **given)
        stack, _ = advance(begin([run]), 0)
        model = core.build_model(run)
        weights = torch.ones(2, dtype=torch.float64) if loss == "cross_entropy" else weights_of(run)
        split = core.load_data(run.data)
        each = nn.functional.cross_entropy(
            model(torch.tensor(split.x_train)), torch.tensor(split.y_train), weight=weights, reduction="none"
        )
        each.mean().backward()
        scores = torch.cat([(p * p.grad).abs().flatten() for p in model.parameters() if p.dim() > 1])
        kept = torch.zeros(len(scores), dtype=torch.bool)
        kept[scores.argsort(descending=True)[: len(scores) - round(0.7 * len(scores))]] = True
        columns = torch.cat([torch.full((p.numel(),), p.dim() > 1) for p in model.parameters()])
        assert torch.equal(stack.flat_RP[0][columns] != 0, kept)
        masks.append(kept)
    assert not torch.equal(*masks), "the test needs weights that matter"


@pytest.mark.parametrize("cls", KINDS, ids=kind_of)
def test_what_is_measured_is_one_loss_whatever_is_minimised(cls):
    run = settings(data=data_for(cls), loss=kind_of(cls))
    models, records = stacked_training([run])
    split = core.load_data(run.data)
    with torch.no_grad():
        outputs, y = models[run.key](torch.tensor(split.x_val)), torch.tensor(split.y_val)
    expected = nn.functional.mse_loss(outputs[:, 0], y) if cls.task == "regression" else nn.functional.cross_entropy(outputs, y)
    assert history(records, run)[-1]["val_loss"] == pytest.approx(expected.item(), abs=1e-10)


@pytest.mark.parametrize(("cls", "data"), [(cls, "diabetes") for cls in OF_CLASSES] + [(cls, "wine") for cls in OF_NUMBERS], ids=str)
def test_a_loss_that_does_not_fit_the_task_is_refused_in_words(cls, data):
    with pytest.raises(ValueError, match=rf"loss.kind: {kind_of(cls)} needs (classes|numbers) to predict, but data {data} is a .*; choose"):
        settings(data=data, loss=kind_of(cls))


@pytest.mark.parametrize(("cls", "target"), [(cls, "length") for cls in OF_CLASSES] + [(cls, "kind") for cls in OF_NUMBERS], ids=str)
def test_of_a_table_the_data_tell_whether_a_loss_fits(cls, target, tmp_path):
    path = tmp_path / "fish.csv"
    rng = np.random.default_rng(0)
    path.write_text(
        "length,weight,kind\n" + "\n".join(f"{rng.normal():.3f},{rng.normal():.3f},{rng.choice(['cod', 'eel'])}" for _ in range(60))
    )
    run = settings(data={"kind": "table", "path": str(path), "target": target}, loss=kind_of(cls))
    with pytest.raises(SettingsError, match=f"loss.kind: {kind_of(cls)} needs"):
        begin([run])


def test_focal_loss_and_label_smoothing_are_refused_together():
    with pytest.raises(ValueError, match=r"training.label_smoothing: loss focal is of one class an example"):
        settings(loss="focal", training={"label_smoothing": 0.1})


def test_auto_is_the_usual_loss_of_the_task():
    assert [kind_of(type(loss_for(settings().loss, task))) for task in ("classification", "regression")] == ["cross_entropy", "squared"]


def test_a_student_minimises_the_loss_and_its_teachers_the_usual_one():
    distillation = {"kind": "soft_targets", "teacher_epochs": 1, "teacher_hidden": [8]}
    run = settings(data=data_for(FocalLoss), loss="focal", distillation=distillation)
    assert [teacher.loss.kind for teacher in run.teachers] == ["auto"]
    assert math.isfinite(history(stacked_training([run])[1], run)[-1]["train_loss"])
