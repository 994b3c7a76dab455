"""Each part of a run against code that we did not write: torch's schedulers, clipping, pruning, KL; scikit-learn's scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, prune
from torch.optim import lr_scheduler

import core
from core.choices.clipping import Clipping
from core.choices.distillation import mean_log_probabilities, soft_target_loss
from core.choices.pruning import mask_of
from core.engine.advance import advance
from core.engine.measuring.scores import confusion, mean_f1, scores
from core.engine.records import Records
from core.engine.stack import begin, labelled
from core.engine.stack_bytes import to_bytes
from core.engine.streams import epoch_order, uniforms
from tests.engine.reference import assert_same_weights, history, plain_torch_training, stacked_training, vector
from tests.engine.test_contracts import every, settings


def with_warmup(main, warmup_epochs):
    """torch's LinearLR from 1/(W+1) for W updates, then `main`, as one scheduler."""

    def build(optimizer, steps, total):
        warmup = round(warmup_epochs * steps)
        after = main(optimizer, steps, total - warmup)
        if not warmup:
            return after
        rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
        return lr_scheduler.SequentialLR(optimizer, [rise, after], milestones=[warmup])

    return build


SCHEDULES = {
    "constant": ({"kind": "constant"}, lambda o, steps, total: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": ({"kind": "step", "every": 2, "gamma": 0.3}, lambda o, steps, total: lr_scheduler.StepLR(o, 2 * steps, gamma=0.3)),
    "cosine": ({"kind": "cosine"}, lambda o, steps, total: lr_scheduler.CosineAnnealingLR(o, T_max=total)),
    "cosine with a floor": (
        {"kind": "cosine", "final": 0.1},
        lambda o, steps, total: lr_scheduler.CosineAnnealingLR(o, T_max=total, eta_min=0.1 * 0.05),
    ),
}


@pytest.mark.filterwarnings("ignore:.*epoch parameter in `scheduler.step.*")
@pytest.mark.filterwarnings("ignore:.*`lr_scheduler.step.*")
@pytest.mark.parametrize("warmup", [0, 1.5])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_give_the_rates_and_weights_of_torchs_schedulers(name, warmup):
    schedule, main = SCHEDULES[name]
    run = settings(schedule=schedule | {"warmup": warmup}, optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9}, training={"epochs": 6})
    plain = plain_torch_training(run, scheduler=with_warmup(main, warmup))
    models, records = stacked_training([run, run.model_copy(update={"seed": 3})])
    steps = history(records, run)[1]["step"]
    rates = [row["lr"] for row in history(records, run)[1:]]
    np.testing.assert_allclose(rates, plain.rates[steps - 1 :: steps], rtol=1e-9, atol=1e-15)
    assert_same_weights(models[run.key], plain.model, 1e-10)


CLIPPINGS = [{"kind": "norm", "max_norm": 0.3}, {"kind": "value", "max_value": 0.02}]


def test_every_clipping_that_torch_has_is_held_against_torchs():
    without = {"none", "percentile"}  # torch has none by a percentile: `test_every_kind.py` holds it against a loop by hand
    assert {clipping["kind"] for clipping in CLIPPINGS} == {cls.model_fields["kind"].default for cls in every(Clipping)} - without


@pytest.mark.parametrize("clipping", CLIPPINGS, ids=lambda c: c["kind"])
def test_clipping_equals_torchs(clipping):
    run = settings(clipping=clipping, optimizer={"kind": "sgd", "lr": 0.1})
    if clipping["kind"] == "norm":
        plain = plain_torch_training(run, clip=lambda p: clip_grad_norm_(p, 0.3))
    else:
        plain = plain_torch_training(run, clip=lambda p: clip_grad_value_(p, 0.02))
    unclipped = settings(optimizer={"kind": "sgd", "lr": 0.1})
    models, _ = stacked_training([run, unclipped, run.model_copy(update={"seed": 2})])
    assert_same_weights(models[run.key], plain.model, 1e-10)
    assert_same_weights(models[unclipped.key], plain_torch_training(unclipped).model, 1e-10)


def weights(model):
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear)]


def test_penalties_equal_autograd_on_their_formulas():
    run = settings(penalty={"l1": 0.003, "l2_squared": 0.01}, model={"normalization": "layer"})
    plain = plain_torch_training(
        run, penalty=lambda m: sum(0.003 * w.abs().sum() + 0.01 * w.square().sum() for w in weights(m))
    )  # fmt: skip
    free = settings(model={"normalization": "layer"})
    models, records = stacked_training([run, free])
    assert_same_weights(models[run.key], plain.model, 1e-10)
    assert history(records, run)[1]["penalty"] > 0
    assert history(records, free)[1]["penalty"] == 0


def test_squared_l2_and_coupled_weight_decay_are_the_same_for_sgd_without_biases():
    penalty = settings(penalty={"l2_squared": 0.02}, optimizer={"kind": "sgd", "lr": 0.1, "momentum": 0.9}, model={"bias": False})
    decay = settings(optimizer={"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.04}, model={"bias": False})
    models, _ = stacked_training([penalty, decay])
    assert_same_weights(models[penalty.key], models[decay.key], 1e-10)


def plain_pruned_training(run, sparsity):
    """One global magnitude pruning at the end of epoch 1 by torch.nn.utils.prune, then fine-tuning with the same SGD."""
    split = core.load_data(run.data)
    model = core.build_model(run)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    for epoch in range(run.training.epochs):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        if epoch == 0:
            prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=sparsity)
            rate = {"lr": 0.05}
            optimizer = torch.optim.SGD(model.parameters(), **rate)
    for layer in layers:
        prune.remove(layer, "weight")
    return model


def test_pruning_and_fine_tuning_equal_torchs_prune():
    run = settings(pruning={"kind": "magnitude", "sparsity": 0.6, "epochs": [1]}, optimizer={"kind": "sgd", "lr": 0.05})
    plain = plain_pruned_training(run, 0.6)
    models, records = stacked_training([run, settings(optimizer={"kind": "sgd", "lr": 0.05})])
    ours, theirs = (torch.cat([w.flatten() for w in weights(m)]) for m in (models[run.key], plain))
    assert torch.equal(ours == 0, theirs == 0)
    np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-10)
    sparsity = [row["sparsity"] for row in history(records, run)]
    assert sparsity[0] == 0
    np.testing.assert_allclose(sparsity[1:], round(0.6 * len(ours)) / len(ours))
    assert next(row for row in records.ended if row["run"] == run.key)["nonzero"] < sum(p.numel() for p in plain.parameters())


def test_gradual_pruning_removes_the_same_share_each_time_and_ends_at_the_target():
    run = settings(pruning={"kind": "magnitude", "sparsity": 0.875, "epochs": [0, 1, 2]}, optimizer={"kind": "adam"})
    _, records = stacked_training([run])
    sparsity = [row["sparsity"] for row in history(records, run)]
    np.testing.assert_allclose(sparsity, [0.5, 0.75, 0.875, 0.875], atol=0.004)


@pytest.mark.parametrize("sparsity", [0.0, 0.31, 0.9])
def test_the_magnitude_mask_equals_torchs(sparsity):
    layer = nn.Linear(7, 9)
    mask = mask_of(layer.weight.detach().abs().flatten(), sparsity)
    prune.l1_unstructured(layer, "weight", amount=sparsity)
    assert torch.equal(mask.view(9, 7), layer.weight_mask.bool())


def test_the_distillation_loss_is_kl_from_torch_times_t_squared():
    student, teacher, temperature = torch.randn(6, 4), torch.randn(6, 4), 3.0
    kl = nn.KLDivLoss(reduction="batchmean")
    theirs = kl(torch.log_softmax(student / temperature, 1), torch.softmax(teacher / temperature, 1)) * temperature**2
    log_teacher = mean_log_probabilities([teacher], temperature)
    ours = soft_target_loss(student, log_teacher, torch.full((6, 1), temperature)).mean()
    torch.testing.assert_close(ours, theirs)


def test_a_distilled_student_trains_as_plain_torch_would():
    soft = {"kind": "soft_targets", "teacher_hidden": [9], "teacher_epochs": 2, "temperature": 2.5, "weight": 0.7}
    runs = [settings(distillation=soft, seed=seed) for seed in (1, 2)]
    models, _ = stacked_training(runs)
    run = runs[0]
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    teacher = plain_torch_training(run.teachers[0]).model
    student = core.build_model(run)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    with torch.no_grad():
        soft_logits = teacher(x) / 2.5
    for epoch in range(3):
        for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(11):
            optimizer.zero_grad()
            out = student(x[batch])
            kl = nn.KLDivLoss(reduction="batchmean")(torch.log_softmax(out / 2.5, 1), torch.softmax(soft_logits[batch], 1))
            (0.3 * nn.functional.cross_entropy(out, y[batch]) + 0.7 * 2.5**2 * kl).backward()
            optimizer.step()
    assert_same_weights(models[run.key], student, 1e-10)


def test_dropout_uses_the_runs_own_stream_and_scales_what_it_keeps():
    run = settings(model={"hidden": [6], "dropout": 0.4}, seed=3, optimizer={"kind": "sgd", "lr": 0.1}, training={"epochs": 1})
    models, _ = stacked_training([run, run.model_copy(update={"seed": 4})])
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    twin = core.build_model(run)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    for step, batch in enumerate(torch.from_numpy(epoch_order(run, 0, len(x))).split(11)):
        keep = uniforms(3, 0, step, (len(batch), 6)) >= 0.4
        hidden = torch.relu(twin.hidden1.linear(x[batch])) * keep / 0.6
        optimizer.zero_grad()
        nn.functional.cross_entropy(twin.output(hidden), y[batch]).backward()
        optimizer.step()
    assert_same_weights(models[run.key], twin, 1e-10)


def test_the_dropout_stream_keeps_the_share_it_should():
    kept = (uniforms(0, 1, 2, (400, 500)) >= 0.3).double().mean().item()
    assert kept == pytest.approx(0.7, abs=5 * math.sqrt(0.21 / 200_000))


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalization_equals_torchs_in_both_modes(normalization):
    run = settings(model={"normalization": normalization, "dropout": 0.0}, training={"epochs": 2})
    models, records = stacked_training([run, run.model_copy(update={"seed": 2})])
    plain = plain_torch_training(run).model
    split = core.load_data(run.data)
    x = torch.tensor(split.x_val)
    with torch.no_grad():
        ours_eval, theirs_eval = models[run.key].eval()(x), plain.eval()(x)
        recorded = nn.functional.cross_entropy(theirs_eval, torch.tensor(split.y_val)).item()
        ours_train, theirs_train = models[run.key].train()(x), plain.train()(x)
    torch.testing.assert_close(ours_eval, theirs_eval, atol=1e-9, rtol=0)
    torch.testing.assert_close(ours_train, theirs_train, atol=1e-9, rtol=0)
    assert history(records, run)[-1]["val_loss"] == pytest.approx(recorded, abs=1e-9)


def test_scores_equal_scikit_learns():
    rng = np.random.default_rng(1)
    outputs, target = torch.tensor(rng.normal(size=(3, 31, 5))), torch.tensor(rng.integers(4, size=31))
    result = scores(outputs, target, "classification")
    for row in range(3):
        guess = outputs[row].argmax(1).numpy()
        assert result.accuracy[row].item() == pytest.approx(accuracy_score(target, guess))
        assert result.f1[row].item() == pytest.approx(f1_score(target, guess, average="macro"))
        assert result.loss[row].item() == pytest.approx(nn.functional.cross_entropy(outputs[row], target).item())


def test_macro_f1_leaves_out_a_class_that_nobody_names_as_scikit_learn_does():
    target, guess = torch.tensor([0, 0, 1, 3]), torch.tensor([[0, 1, 1, 3], [4, 4, 4, 4]])
    ours = mean_f1(confusion(guess, target.expand(2, -1), 6))
    theirs = [f1_score(target, row, average="macro", zero_division=0) for row in guess]
    np.testing.assert_allclose(ours, theirs)


def test_early_stopping_ends_at_the_evaluation_that_the_rule_names():
    free = settings(training={"epochs": 12}, optimizer={"kind": "adam", "lr": 0.05})
    stopped = settings(
        training={"epochs": 12}, optimizer={"kind": "adam", "lr": 0.05}, stopping={"kind": "patience", "patience": 2, "min_delta": 0.02}
    )
    models, records = stacked_training([free, stopped])
    losses = [row["val_loss"] for row in history(records, free)]
    best, waited, expected = math.inf, 0, len(losses) - 1
    for place, loss in enumerate(losses):
        best, waited = (loss, 0) if loss < best - 0.02 else (best, waited + 1)
        if waited == 2:
            expected = place
            break
    rows = history(records, stopped)
    assert rows[-1]["status"] == "stopped"
    assert len(rows) - 1 == expected < 12
    np.testing.assert_allclose([row["val_loss"] for row in rows], losses[: expected + 1], atol=1e-10)


def test_the_test_set_appears_once_at_the_end():
    run = settings(training={"epochs": 2})
    models, records = stacked_training([run])
    split = core.load_data(run.data)
    with torch.no_grad():
        out = models[run.key](torch.tensor(split.x_test))
    (ended,) = records.ended
    assert ended["test_loss"] == pytest.approx(nn.functional.cross_entropy(out, torch.tensor(split.y_test)).item(), abs=1e-10)
    assert ended["test_accuracy"] == pytest.approx(accuracy_score(split.y_test, out.argmax(1)))
    assert not any("test" in column for column in records.history[0])


def test_without_validation_or_test_data_their_scores_are_nan_and_training_goes_on():
    run = settings(data={"kind": "wine", "validation_fraction": 0, "test_fraction": 0})
    _, records = stacked_training([run])
    assert records.ended[0]["status"] == "finished"
    assert math.isnan(records.history[-1]["val_loss"])
    assert math.isnan(records.ended[0]["test_loss"])


def test_evaluations_every_n_updates_and_at_the_end():
    run = settings(training={"evaluate_every": 4, "epochs": 2})
    _, records = stacked_training([run])
    steps = [row["step"] for row in history(records, run)]
    total = 2 * -(-len(core.load_data(run.data).x_train) // 11)
    assert steps == [*range(0, total, 4), total]


def test_a_segment_of_no_epoch_measures_the_start_and_changes_nothing():
    run = settings(model={"dropout": 0.3, "normalization": "batch"})
    stack, records = advance(begin([run]), 0)
    assert [row["step"] for row in records.history] == [0]
    assert np.array_equal(stack.flat_RP[0], torch.nn.utils.parameters_to_vector(core.build_model(run).parameters()).detach())
    assert stack.state["buffers.hidden1.normalization.num_batches_tracked"].tolist() == [0]


def test_each_value_of_a_stack_is_left_as_it_was_by_advancing():
    stack = begin([settings(), settings(seed=1)])
    before = to_bytes(stack)
    later, _ = advance(stack, 1)
    assert to_bytes(stack) == before
    again, _ = advance(stack, 1)
    assert torch.equal(later.flat_RP, again.flat_RP)


def test_records_of_all_runs_are_complete():
    runs = [settings(seed=seed, data="moons") for seed in (0, 1)]
    records = Records()
    stack = begin(runs)
    while not stack.finished:
        stack, new = advance(stack, 1)
        records.extend(new)
    assert len(records.history) == 2 * 4
    assert len(records.layers) == 2 * 4 * 3
    assert len(records.ended) == 2
    assert {row["run"] for row in records.grids} == {run.key for run in runs}
    assert vector(core.build_model(runs[0])).shape == (records.ended[0]["parameters"],)


def test_settings_that_do_not_go_with_the_data_are_refused_with_what_to_do(tmp_path):
    batch = settings(data="iris", model={"normalization": "batch"}, training={"batch_size": 89})
    assert len(core.load_data(batch.data).x_train) == 90
    with pytest.raises(core.SettingsError, match=r"training.batch_size: 89 leaves 1 of 90 .* try 90"):
        begin([batch])
    table = tmp_path / "t.csv"
    table.write_text("a,y\n" + "\n".join(f"{n},{n * 1.5}" for n in range(60)))
    numbers = settings(data={"kind": "table", "path": str(table), "target": "y"}, distillation="soft_targets")
    with pytest.raises(core.SettingsError, match=r"distillation.kind: soft_targets needs classes, but data table is a regression"):
        begin([numbers])
    for name, given in (
        ("label_smoothing", {"training": {"label_smoothing": 0.1}}),
        ("val_f1", {"stopping": {"kind": "rise", "metric": "val_f1"}}),
    ):
        with pytest.raises(core.SettingsError, match=f"{name}.* needs classes, but data table is a regression"):
            begin([settings(data=numbers.data, **given)])
    positions = {"kind": "convnet", "channels": [4] * 3, "stride": 2, "pooling": "none", "normalization": "batch"}
    examples = len(core.load_data(settings(data="digits").data).x_train)
    with pytest.raises(core.SettingsError, match=f"leaves 1 of {examples} training examples"):
        begin([settings(data="digits", model=positions, training={"batch_size": examples - 1})])


def test_of_sequences_of_one_symbol_some_labels_may_be_known():
    copied = {"kind": "copy", "samples": 60, "symbols": 3, "length": 1, "delay": 3}
    run = settings(data=copied, model={"kind": "recurrent", "hidden": 4}, training={"labelled": 0.3})
    assert core.train([run]).history["status"].iloc[-1] == "finished"


def test_a_batch_of_one_is_found_among_the_examples_that_are_drawn():
    batch = {"model": {"kind": "mlp", "hidden": [4], "normalization": "batch"}, "data": "wine"}
    few = core.RunSettings.model_validate(batch | {"training": {"labelled": 0.16, "batch_size": 8}})
    assert len(labelled(few)) % 8 == 1
    with pytest.raises(core.SettingsError, match="8 leaves 1 of 17 training examples"):
        core.train([few])
    run = core.RunSettings.model_validate(batch | {"training": {"batch_size": 8, "epochs": 1}})
    with pytest.raises(core.SettingsError, match="8 leaves 1 of 9 training examples"):
        core.train([run], order=[np.arange(9)[None]])
    core.train([run], order=[np.arange(10)[None]])


def test_the_best_weights_come_back_when_asked_for():
    changes = {"training": {"epochs": 12}, "optimizer": {"kind": "adam", "lr": 0.05}, "model": {"normalization": "batch"}}
    last = settings(stopping={"kind": "patience", "patience": 3}, **changes)
    best = settings(stopping={"kind": "patience", "patience": 3, "restore_best": True}, **changes)
    models, records = stacked_training([last, best])
    pieces, _ = stacked_training([last, best], epochs=1)
    losses = [row["val_loss"] for row in history(records, best)]
    assert len(losses) < 13, "it must stop early for this test to say something"
    split = core.load_data(best.data)
    x, y = torch.tensor(split.x_val), torch.tensor(split.y_val)
    with torch.no_grad():
        ended = {run.key: nn.functional.cross_entropy(models[run.key](x), y).item() for run in (last, best)}
    assert ended[last.key] == pytest.approx(losses[-1], abs=1e-9)
    assert ended[best.key] == pytest.approx(min(losses), abs=1e-9)
    assert_same_weights(pieces[best.key], models[best.key], 0)


def test_a_plateau_lowers_each_runs_own_rate():
    fast = settings(schedule={"kind": "plateau", "patience": 0, "gamma": 0.5}, optimizer={"kind": "sgd", "lr": 2.0}, training={"epochs": 8})
    slow = settings(
        schedule={"kind": "plateau", "patience": 0, "gamma": 0.5}, optimizer={"kind": "sgd", "lr": 0.01}, training={"epochs": 8}
    )
    _, records = stacked_training([fast, slow])
    for run in (fast, slow):
        rows = history(records, run)
        rate, best, expected = run.optimizer.lr, math.inf, []
        for row in rows:
            better = row["val_loss"] < best * (1 - 1e-4)
            best, rate = (row["val_loss"], rate) if better else (best, rate * 0.5)
            expected.append(rate)
        np.testing.assert_allclose([row["lr"] for row in rows[1:]], expected[:-1])
    assert history(records, fast)[-1]["lr"] < 2.0
