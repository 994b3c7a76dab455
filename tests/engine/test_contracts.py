"""The engine's contracts: our loop equals plain PyTorch; alone equals stacked; resumed equals uninterrupted; NaN stays where it is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.choices.activations import Activation
from core.choices.initializations import Init
from core.choices.optimizers import Optimizer
from core.choices.training import Sampling
from core.engine.advance import advance
from core.engine.planning import EACH_ITS_OWN
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from core.engine.training.trainer import Trainer
from core.settings import RunSettings
from tests.engine.reference import assert_same_weights, history, plain_torch_training, stacked_training, vector


def every(union):
    """The classes of a union on `kind`."""
    return get_args(get_args(union)[0])


def kind_of(cls):
    return cls.model_fields["kind"].default


def settings(**changes):
    """A small run with unequal sizes: 13 features, 7 and 5 hidden units, 3 classes, batches of 11 and a smaller last one."""
    training = {"epochs": 3, "batch_size": 11, "dtype": "float64"} | changes.pop("training", {})
    model = changes.pop("model", {})
    if not isinstance(model, str) and model.get("kind", "mlp") == "mlp":
        model = {"kind": "mlp", "hidden": [7, 5]} | model
    return RunSettings.model_validate({"data": "wine", "model": model, "training": training} | changes)


AMPLIFIES_ROUNDING = {
    # A line search, and an eigenbasis of nearly equal eigenvalues, turn on the last bits: their twins part after a few updates.
    "lbfgs": {"optimizer": {"kind": "lbfgs", "max_iter": 4}, "training": {"batch_size": "full", "epochs": 2}},
    "soap": {"training": {"batch_size": "full", "epochs": 2}},
}


@pytest.mark.parametrize("optimizer", every(Optimizer), ids=kind_of)
@pytest.mark.parametrize(("dtype", "atol"), [("float32", 1e-5), ("float64", 1e-10)])
def test_a_stack_trains_each_run_as_plain_torch_would(optimizer, dtype, atol):
    kind = kind_of(optimizer)
    if kind == "soap" or (kind == "prodigy" and dtype == "float32"):
        dtype, atol = "float64", 1e-8  # the same for Prodigy's estimate of the rate, which grows by what it multiplies
    special = AMPLIFIES_ROUNDING.get(kind, {})
    changes = {"optimizer": kind} | special | {"training": {"dtype": dtype} | special.get("training", {})}
    runs = [settings(**changes, seed=seed) for seed in (0, 3, 4)]
    models, records = stacked_training(runs)
    for run in runs:
        plain = plain_torch_training(run)
        assert_same_weights(models[run.key], plain.model, atol)
        logged = [row["train_loss"] for row in history(records, run)[1:]]
        np.testing.assert_allclose(logged, plain.losses, atol=atol)


@pytest.mark.parametrize("kind", [kind_of(cls) for cls in every(Optimizer) if cls.proportional])
def test_runs_that_differ_in_the_rate_alone_share_an_optimizer_and_train_as_plain_torch_would(kind):
    rates = (0.1, 0.003, 0.01)
    schedule = {"kind": "cosine", "warmup": 1.0}
    runs = [settings(optimizer={"kind": kind, "lr": lr}, schedule=schedule, seed=seed) for seed, lr in enumerate(rates)]
    (group,) = Trainer(begin(runs)).optimizers.groups
    assert len(group.optimizers) == len(group.optimizers[0]) == 1
    models, records = stacked_training(runs)
    for run in runs:
        plain = plain_torch_training(run, scheduler=factors_of(run))
        assert_same_weights(models[run.key], plain.model, 1e-10)
        last_of_epoch = plain.rates[len(plain.rates) // 3 - 1]
        assert history(records, run)[1]["lr"] == pytest.approx(last_of_epoch)


def factors_of(run):
    """A scheduler of torch's that takes the rates from the run's schedule."""

    def scheduler(optimizer, steps, total):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: run.schedule.factor(step, steps, total))

    return scheduler


def test_with_weight_decay_which_is_not_of_the_gradients_each_rate_has_its_own_optimizer():
    runs = [settings(optimizer={"kind": "nadam", "lr": lr, "weight_decay": 0.1}) for lr in (0.01, 0.1)]
    assert len(Trainer(begin(runs)).optimizers.groups) == 2


SETTINGS_BEYOND_DEFAULTS = [
    {"kind": "sgd", "lr": 0.03, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    {"kind": "sgd", "lr": 0.03, "momentum": 0.8, "dampening": 0.3},
    {"kind": "adam", "lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.02, "amsgrad": True},
    {"kind": "adamw", "lr": 0.01, "weight_decay": 0.1},
    {"kind": "rmsprop", "lr": 0.003, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    {"kind": "adagrad", "lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1, "weight_decay": 0.01},
    {"kind": "nadam", "lr": 0.01, "momentum_decay": 0.01, "weight_decay": 0.01, "decoupled_weight_decay": True},
    {"kind": "radam", "lr": 0.01, "weight_decay": 0.01, "decoupled_weight_decay": True},
    {"kind": "adamax", "lr": 0.01, "betas": [0.8, 0.9], "weight_decay": 0.01},
    {"kind": "adadelta", "rho": 0.8, "eps": 1e-5, "weight_decay": 0.01},
    {"kind": "adafactor", "lr": 0.02, "beta2_decay": -0.7, "d": 1.5, "weight_decay": 0.01},
    {"kind": "asgd", "lr": 0.05, "lambd": 0.01, "alpha": 0.5, "t0": 3, "weight_decay": 0.01},
    {"kind": "rprop", "lr": 0.001, "etas": [0.6, 1.1], "step_sizes": [1e-5, 0.1]},
    {"kind": "muon", "lr": 0.01, "momentum": 0.8, "nesterov": False, "adjust_lr_fn": "match_rms_adamw", "adamw_lr": 0.01},
    {"kind": "lion", "lr": 0.001, "betas": [0.8, 0.95], "weight_decay": 0.1},
    {"kind": "lamb", "lr": 0.01, "weight_decay": 0.1, "max_grad_norm": 0.5},
    {"kind": "adabelief", "lr": 0.01, "weight_decay": 0.1},
    {"kind": "schedule_free_adamw", "lr": 0.01, "warmup_steps": 5, "weight_decay": 0.01},
    {"kind": "custom", "lr": 0.05, "path": "torch.optim.SGD", "settings": {"momentum": 0.9, "nesterov": True}},
]


def test_different_optimizers_in_one_stack_do_not_touch_each_other():
    kinds = {optimizer["kind"] for optimizer in SETTINGS_BEYOND_DEFAULTS}
    assert kinds | {*AMPLIFIES_ROUNDING, "prodigy"} == set(map(kind_of, every(Optimizer))), "a new one belongs in the list above"
    runs = [settings(optimizer=optimizer, seed=seed) for optimizer in SETTINGS_BEYOND_DEFAULTS for seed in (1, 6)]
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


@pytest.mark.parametrize("model", [
    "linear",
    {"activation": "tanh", "bias": False},
    {"hidden": [6, 6, 6], "skip": True},
    {"normalization": "batch"},
    {"normalization": {"kind": "batch", "momentum": 0.3, "eps": 1e-3}, "activation": "silu"},
    {"normalization": "layer", "hidden": [5, 9, 4]},
    {"normalization": "layer", "hidden": [5, 5], "skip": True, "activation": "gelu"},
], ids=str)  # fmt: skip
def test_every_architecture_trains_as_plain_torch_would(model):
    runs = [settings(model=model, seed=seed, optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9}) for seed in (0, 2)]
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


@pytest.mark.parametrize("activation", every(Activation), ids=kind_of)
def test_every_activation_trains_as_plain_torch_would(activation):
    run = settings(model={"activation": kind_of(activation)})
    models, _ = stacked_training([run, settings(model={"activation": kind_of(activation)}, seed=8)])
    assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


def test_regression_trains_on_squared_error_and_reports_r2():
    from sklearn.metrics import r2_score

    run = settings(data="diabetes", optimizer={"kind": "adam", "lr": 0.01})
    models, records = stacked_training([run, run.model_copy(update={"seed": 5})])
    assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)
    split = core.load_data(run.data)
    with torch.no_grad():
        guess = models[run.key](torch.tensor(split.x_val))[:, 0].numpy()
    last = history(records, run)[-1]
    assert last["val_r2"] == pytest.approx(r2_score(split.y_val, guess), abs=1e-10)
    assert last["val_loss"] == pytest.approx(np.square(split.y_val - guess).mean(), abs=1e-10)
    assert math.isnan(last["val_accuracy"])


@pytest.mark.parametrize("batch_size", [1, 50, "full"])
def test_every_batch_size_trains_as_plain_torch_would(batch_size):
    run = settings(training={"batch_size": batch_size, "epochs": 2})
    models, _ = stacked_training([run, run.model_copy(update={"seed": 7})])
    assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


@pytest.mark.parametrize("sampling", get_args(Sampling))
def test_every_sampling_trains_as_plain_torch_would(sampling):
    run = settings(training={"sampling": sampling})
    models, _ = stacked_training([run, run.model_copy(update={"seed": 7})])
    assert_same_weights(models[run.key], plain_torch_training(run).model, 1e-10)


MIXED = [
    {"seed": 0},
    {"seed": 1, "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}, "clipping": {"kind": "norm", "max_norm": 0.5}},
    {"seed": 1, "optimizer": {"kind": "rmsprop"}, "clipping": {"kind": "value", "max_value": 0.05}},
    {"seed": 2, "penalty": {"l1": 1e-3, "l2_squared": 1e-2}, "schedule": "cosine"},
    {"seed": 0, "schedule": {"kind": "step", "every": 1, "warmup": 0.5}, "training": {"epochs": 2}},
    {"seed": 3, "pruning": {"kind": "magnitude", "sparsity": 0.7, "epochs": [1, 2]}},
    {"seed": 3, "pruning": {"kind": "magnitude", "sparsity": 0.7, "epochs": [1, 2, 3], "rewind": 0}},
    {"seed": 3, "stopping": {"kind": "patience", "patience": 1, "min_delta": 0.3}, "training": {"epochs": 6}},
    {"seed": 0, "optimizer": {"kind": "adam", "lr": 0.01}},
]  # fmt: skip


def test_the_mixed_runs_differ_in_all_that_runs_of_a_stack_need_not_share():
    assert {name for changes in MIXED for name in changes} >= EACH_ITS_OWN


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_run_alone_equals_itself_in_any_stack(dropout, normalization):
    # A bias before batch norm has gradient 0 up to rounding, which Adam and RMSprop blow up to full steps: leave it out.
    model = {"dropout": dropout, "normalization": normalization, "bias": normalization == "none"}
    runs = [settings(model=model, **changes) for changes in MIXED]
    alone = {run.key: stacked_training([run])[0][run.key] for run in runs}
    for members in (runs, runs[::-1], runs[2:5], [runs[5], runs[1], runs[7]]):
        together, _ = stacked_training(members)
        for run in members:
            assert_same_weights(together[run.key], alone[run.key], 1e-10)


def rows_of(records, table):
    """Rows without what a clock decides."""
    return [{name: value for name, value in row.items() if name not in ("seconds", "weights")} for row in getattr(records, table)]


OF_EVERY_OPTIMIZER = [
    {"optimizer": kind_of(cls), "seed": seed, "training": {"epochs": epochs}}
    for cls in every(Optimizer)
    for seed, epochs in ((0, 2), (1, 3))
]


@pytest.mark.parametrize("members", [MIXED, OF_EVERY_OPTIMIZER], ids=["every choice", "every optimizer"])
def test_a_stack_resumed_from_its_bytes_ends_at_the_same_bits(members):
    runs = [settings(model={"dropout": 0.3, "normalization": "batch"}, **changes) for changes in members]
    whole_models, whole = stacked_training(runs)
    stack, pieces = begin(runs), Records()
    while not stack.finished:
        stack, new = advance(from_bytes(to_bytes(stack)), 1)
        pieces.extend(new)
    key = lambda row: (row["run"], row.get("step", 0), row.get("layer", ""), row.get("moment") == "")  # noqa: E731
    for table in ("history", "layers", "ended"):
        ours, theirs = sorted(rows_of(pieces, table), key=key), sorted(rows_of(whole, table), key=key)
        assert repr(ours) == repr(theirs), f"{table} differ"
    weights = {row["run"]: row["weights"] for row in pieces.ended}
    for run in runs:
        ended = core.engine.network.networks.trained_model(run, weights[run.key])
        assert np.array_equal(vector(ended), vector(whole_models[run.key]))


def test_a_run_that_becomes_nan_changes_nothing_in_its_neighbours():
    healthy = [settings(seed=seed, optimizer={"kind": "sgd", "lr": 0.05}, data="diabetes") for seed in (0, 1)]
    explosive = settings(seed=0, optimizer={"kind": "sgd", "lr": 1000.0}, data="diabetes")
    alone, _ = stacked_training(healthy)
    models, records = stacked_training([healthy[0], explosive, healthy[1]])
    for run in healthy:
        assert_same_weights(models[run.key], alone[run.key], 1e-12)
    rows = history(records, explosive)
    assert rows[-1]["status"] == "diverged"
    assert not math.isfinite(rows[-1]["train_loss_eval"])
    ended = {row["run"]: row for row in records.ended}
    assert ended[explosive.key]["status"] == "diverged"
    assert {ended[run.key]["status"] for run in healthy} == {"finished"}


def test_two_variants_with_one_seed_start_at_the_same_weights_and_draw_the_same_data_and_masks():
    plain = settings(model={"dropout": 0.4}, seed=5)
    decayed = settings(model={"dropout": 0.4}, seed=5, optimizer={"kind": "adam", "weight_decay": 1e-30})
    models, _ = stacked_training([plain, decayed])
    assert plain.key != decayed.key
    assert_same_weights(models[plain.key], models[decayed.key], 1e-12)


@pytest.mark.parametrize(("stream", "changes"), [("init_seed", False), ("order_seed", True), ("dropout_seed", True)])
def test_each_source_of_randomness_can_be_varied_alone(stream, changes):
    base = settings(model={"dropout": 0.4}, seed=5)
    other = settings(model={"dropout": 0.4}, seed=5, training={stream: 99})
    same_start = np.array_equal(vector(core.build_model(base)), vector(core.build_model(other)))
    assert same_start is changes
    models, _ = stacked_training([base, other])
    assert not np.allclose(vector(models[base.key]), vector(models[other.key]))


def test_given_weights_and_order_replay_a_run_exactly():
    run = settings(training={"epochs": 2})
    other = settings(seed=9, training={"epochs": 2})
    split = core.load_data(run.data)
    rng = np.random.default_rng(0)
    orders = [np.stack([rng.permutation(len(split.x_train))[:50] for _ in range(2)]) for _ in range(2)]
    starts = [{name: torch.randn_like(value) * 0.1 for name, value in core.build_model(run).state_dict().items()} for _ in range(2)]
    models, _ = stacked_training([run, other], initial=starts, order=orders)
    for member, start, order in zip((run, other), starts, orders, strict=True):
        twin = core.build_model(member)
        twin.load_state_dict(start)
        optimizer = torch.optim.Adam(twin.parameters(), lr=1e-3)
        x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
        for epoch in order:
            for batch in torch.from_numpy(epoch).split(11):
                optimizer.zero_grad()
                nn.functional.cross_entropy(twin(x[batch]), y[batch]).backward()
                optimizer.step()
        assert_same_weights(models[member.key], twin, 1e-10)


@pytest.mark.parametrize("init", every(Init), ids=kind_of)
def test_every_initialization_trains_and_belongs_to_its_seed(init):
    runs = [settings(model={"init": kind_of(init)}, seed=seed) for seed in (0, 1)]
    models, records = stacked_training(runs)
    assert all(row["status"] == "finished" for row in records.ended)
    deterministic = kind_of(init) in ("zero", "constant")
    starts = [vector(core.build_model(run)) for run in runs]
    assert np.array_equal(*starts) is deterministic
    assert_same_weights(models[runs[0].key], plain_torch_training(runs[0]).model, 1e-10)


@pytest.mark.parametrize("optimizer", ["soap", "lbfgs"])
def test_a_run_whose_optimizer_amplifies_rounding_is_the_same_in_any_company(optimizer):
    given = {"optimizer": optimizer, "data": "digits", "model": {"hidden": [9, 7]}, "training": {"epochs": 2, "batch_size": 300}}
    run, other = settings(**given), settings(**given, seed=1)
    alone, together = core.train([run]), core.train([other, run, settings(data="digits")])
    assert np.array_equal(vector(alone.model(run)), vector(together.model(run)))


def test_what_a_batch_does_to_running_statistics_it_does_once_however_the_optimizer_looks_at_it():
    run = settings(optimizer="lbfgs", model={"normalization": "batch"}, training={"epochs": 1, "batch_size": "full"})
    models, _ = stacked_training([run])
    theirs = plain_torch_training(run).model
    for name, buffer in models[run.key].named_buffers():
        torch.testing.assert_close(buffer, dict(theirs.named_buffers())[name], atol=1e-10, rtol=0)


def test_orders_of_several_lengths_and_sizes_may_be_given_at_once():
    runs = [settings(seed=seed, training={"epochs": epochs}) for seed, epochs in ((0, 1), (1, 3), (2, 1))]
    orders = [np.arange(50)[None], np.stack([np.arange(50)] * 3), np.arange(20)[None]]
    together = core.train(runs, order=orders)
    for run, order in zip(runs, orders, strict=True):
        assert_same_weights(together.model(run), core.train([run], order=[order]).model(run), 1e-10)
    with pytest.raises(ValueError, match=r"order: 1 epochs of 50 draws were given, but training.epochs is 3"):
        core.train(runs[:2], order=[orders[0], orders[0]])


def test_a_start_that_does_not_fit_is_refused_in_one_line():
    run = settings()
    with pytest.raises(ValueError, match=r"initial: .*size mismatch") as caught:
        core.train([run], initial=[core.build_model(settings(model={"hidden": [8, 5]})).state_dict()])
    assert "\n" not in str(caught.value)


def test_a_run_that_never_had_a_best_evaluation_ends_with_its_last_weights():
    stack = begin([settings(stopping={"kind": "patience", "restore_best": True})])
    trainer = Trainer(replace(stack, state=stack.state | {"best.parameters": torch.zeros_like(stack.flat_RP)}))
    trainer.restore_best([0])
    assert torch.equal(trainer.flat_RP, stack.flat_RP)
