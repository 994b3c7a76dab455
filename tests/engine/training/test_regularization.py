"""Penalties, constraints, noise, mixup, clipping by percentile and accumulation, each against an obvious loop in plain PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.engine.streams import epoch_order, generator
from core.engine.training.noise import INPUT, MIXUP, _mixing
from tests.engine.reference import assert_same_weights, plain_torch_training, stacked_training
from tests.engine.test_contracts import settings

LR = 0.05
SGD = {"kind": "sgd", "lr": LR}


def matrices(model):
    return [p for p in model.parameters() if p.dim() > 1]


def plain_loop(run, *, loss=None, before=None, after=None, batch=11):
    """SGD without momentum; `loss(model, x, y, step)`, `before(model)` and `after(model)` the update are the choice under test."""
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    model = core.build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    step = 0
    for epoch in range(run.training.epochs):
        for places in torch.from_numpy(epoch_order(run, epoch, len(x))).split(batch):
            optimizer.zero_grad()
            value = loss(model, x[places], y[places], step) if loss else nn.functional.cross_entropy(model(x[places]), y[places])
            value.backward()
            with torch.no_grad():
                if before:
                    before(model)
                optimizer.step()
                if after:
                    after(model)
            step += 1
    return model


def assert_trains_like(run, twin, atol=1e-10):
    models, records = stacked_training([run, settings(optimizer=SGD), run.model_copy(update={"seed": 7})])
    assert_same_weights(models[run.key], twin, atol)
    return models[run.key], records


def test_the_proximal_l1_step_soft_thresholds_and_gives_exact_zeros():
    run = settings(penalty={"l1_proximal": 0.05}, optimizer=SGD)

    def after(model):
        for w in matrices(model):
            w.copy_(torch.nn.functional.softshrink(w, LR * 0.05))

    model, records = assert_trains_like(run, plain_loop(run, after=after))
    zeros = sum(int((w == 0).sum()) for w in matrices(model))
    assert zeros > 0
    last = [row for row in records.history if row["run"] == run.key][-1]
    assert last["sparsity"] == pytest.approx(zeros / sum(w.numel() for w in matrices(model)))
    subgradient, _ = stacked_training([settings(penalty={"l1": 0.05}, optimizer=SGD)])
    assert all((w != 0).all() for model in subgradient.values() for w in matrices(model))


@pytest.mark.parametrize("groups", ["unit", "layer"])
def test_the_plain_l2_norm_has_autograds_gradient(groups):
    run = settings(penalty={"l2_norm": 0.03, "groups": groups}, optimizer=SGD)
    norm = (lambda w: w.norm(dim=1).sum()) if groups == "unit" else (lambda w: w.norm())

    def loss(model, x, y, step):
        return nn.functional.cross_entropy(model(x), y) + 0.03 * sum(norm(w) for w in matrices(model))

    assert_trains_like(run, plain_loop(run, loss=loss))


@pytest.mark.parametrize("groups", ["unit", "layer"])
def test_the_proximal_l2_norm_shortens_groups_to_zero(groups):
    strength = 0.6 if groups == "unit" else 2.0
    run = settings(penalty={"l2_norm_proximal": strength, "groups": groups}, optimizer=SGD)

    def after(model):
        for w in matrices(model):
            norm = w.norm(dim=1, keepdim=True) if groups == "unit" else w.norm()
            w.mul_((1 - LR * strength / norm.clamp(min=1e-300)).clamp(min=0))

    model, _ = assert_trains_like(run, plain_loop(run, after=after))
    rows = torch.cat([(w == 0).all(1) for w in matrices(model)])
    assert rows.any(), "no whole group became zero"


def test_decoupled_decay_on_adam_is_adamw():
    adam = settings(penalty={"decoupled_decay": 0.1}, optimizer={"kind": "adam", "lr": 0.01}, model={"bias": False})
    adamw = settings(optimizer={"kind": "adamw", "lr": 0.01, "weight_decay": 0.1}, model={"bias": False})
    models, _ = stacked_training([adam, adamw])
    assert_same_weights(models[adam.key], models[adamw.key], 1e-12)
    assert_same_weights(models[adam.key], plain_torch_training(adamw).model, 1e-10)


def test_max_norm_is_torchs_renorm_of_the_units():
    run = settings(penalty={"max_norm": 0.8}, optimizer=SGD)

    def after(model):
        for w in matrices(model):
            w.copy_(torch.renorm(w, p=2, dim=0, maxnorm=0.8))

    model, _ = assert_trains_like(run, plain_loop(run, after=after), atol=1e-6)  # renorm adds 1e-7 to the norm
    assert max(float(w.detach().norm(dim=1).max()) for w in matrices(model)) <= 0.8 + 1e-12


def test_label_smoothing_is_torchs():
    run = settings(training={"label_smoothing": 0.2}, optimizer=SGD)
    assert_trains_like(run, plain_loop(run, loss=lambda m, x, y, step: nn.functional.cross_entropy(m(x), y, label_smoothing=0.2)))


def test_input_noise_comes_from_the_runs_own_stream():
    run = settings(training={"input_noise": 0.3}, optimizer=SGD, seed=4)

    def loss(model, x, y, step):
        noise = torch.randn(x.shape, generator=generator(4, "noise", INPUT, step)).double()
        return nn.functional.cross_entropy(model(x + 0.3 * noise), y)

    assert_trains_like(run, plain_loop(run, loss=loss))


def test_mixup_blends_inputs_and_losses():
    run = settings(training={"mixup": 0.4}, optimizer=SGD, seed=4)

    def loss(model, x, y, step):
        share, place = _mixing(4, 0.4, step, len(x))
        out = model(share * x + (1 - share) * x[place])
        return share * nn.functional.cross_entropy(out, y) + (1 - share) * nn.functional.cross_entropy(out, y[place])

    assert _mixing(4, 0.4, 0, 5)[0] != _mixing(4, 0.4, 1, 5)[0]
    assert MIXUP != INPUT
    assert_trains_like(run, plain_loop(run, loss=loss))


def test_gradient_noise_falls_with_the_updates():
    noisy = settings(optimizer=SGD, training={"gradient_noise": 0.1, "epochs": 1, "batch_size": "full"})
    plain = settings(optimizer=SGD, training={"epochs": 1, "batch_size": "full"})
    models, _ = stacked_training([noisy, plain])
    first, second = (torch.cat([p.flatten() for p in models[run.key].parameters()]) for run in (noisy, plain))
    spread = ((first - second) / LR).std().item()
    assert spread == pytest.approx(0.1, rel=0.25)


def test_accumulated_batches_are_one_larger_batch():
    parts = settings(training={"batch_size": 4, "accumulation": 3}, optimizer={"kind": "adam", "lr": 0.01})
    whole = settings(training={"batch_size": 12}, optimizer={"kind": "adam", "lr": 0.01})
    models, records = stacked_training([parts])
    larger, theirs = stacked_training([whole])
    assert_same_weights(models[parts.key], larger[whole.key], 1e-10)
    assert [row["step"] for row in records.history] == [row["step"] for row in theirs.history]
    np.testing.assert_allclose([row["train_loss"] for row in records.history[1:]], [row["train_loss"] for row in theirs.history[1:]])


def test_clipping_by_percentile_follows_numpys_percentile_of_the_recent_norms():
    run = settings(clipping={"kind": "percentile", "percentile": 40, "window": 6}, optimizer=SGD)
    norms = []

    def before(model):
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
        norms.append(gradient.norm().item())
        longest = np.percentile(norms[-6:], 40)
        for p in model.parameters():
            p.grad.mul_(min(1.0, longest / norms[-1]))

    assert_trains_like(run, plain_loop(run, before=before))
    pieces, _ = stacked_training([run], epochs=1)
    whole, _ = stacked_training([run])
    assert_same_weights(pieces[run.key], whole[run.key], 0)


def test_choices_of_neighbours_do_not_touch_a_run():
    changes = [
        {"penalty": {"l1_proximal": 0.1, "l2_norm": 0.1}},
        {"penalty": {"l2_norm_proximal": 0.1, "groups": "layer", "max_norm": 0.5, "decoupled_decay": 0.1}},
        {"clipping": {"kind": "percentile", "window": 3}},
        {"stopping": {"kind": "rise", "evaluations": 1, "restore_best": True}},
        {"schedule": {"kind": "plateau", "patience": 0}},
        {"optimizer": {"kind": "lbfgs", "max_iter": 2}},
        {"optimizer": "schedule_free_adamw"},
    ]
    runs = [settings(), *(settings(**change) for change in changes)]
    models, _ = stacked_training(runs)
    for run in runs:
        alone, _ = stacked_training([run])
        assert_same_weights(models[run.key], alone[run.key], 1e-9)


@pytest.mark.parametrize("penalty", [{"l2_squared": 0.01}, {"l2_norm": 0.01}, {"l2_norm_proximal": 0.01}, {"max_norm": 1.0}], ids=str)
def test_a_run_without_a_penalty_whose_squared_weights_overflow_is_untouched_by_its_neighbours_penalty(penalty):
    alone = settings(model="linear", training={"dtype": "float32"}, optimizer={"kind": "sgd", "lr": 1.0})
    penalised = settings(model="linear", training={"dtype": "float32"}, penalty=penalty, seed=1)
    large = {name: 1e20 * value for name, value in core.build_model(alone).state_dict().items()}
    small = core.build_model(penalised).state_dict()
    own, together = core.train([alone], initial=[large]), core.train([alone, penalised], initial=[large, small])
    mine = together.history[together.history["run"] == alone.key]
    assert np.isfinite(mine["train_loss_eval"]).all()
    assert list(mine["train_loss_eval"]) == list(own.history["train_loss_eval"])
    assert list(mine["status"]) == list(own.history["status"])
    assert_same_weights(together.model(alone), own.model(alone), 0.0)
