"""Every planted mistake beside a plain PyTorch loop with that very mistake written into it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import core
from core.choices.mistakes import Mistake
from core.choices.optimizers import Optimizer
from core.engine.advance import advance
from core.engine.network.networks import trained_model
from core.engine.records import Records
from core.engine.stack import begin
from core.engine.stack_bytes import from_bytes, to_bytes
from core.engine.streams import epoch_order, uniforms
from core.settings import RunSettings
from tests.engine.reference import assert_same_weights, history, plain_optimizer, stacked_training, vector
from tests.engine.test_contracts import every, kind_of, settings

PLANTED = [kind_of(cls) for cls in every(Mistake) if kind_of(cls) != "none"]
DROPOUT = {"dropout": 0.3}
NORM = {"normalization": "batch", "bias": False}  # batch norm takes biases away: Adam would step by the rounding of their gradients
NEEDS = {"eval_with_dropout": DROPOUT, "batch_statistics_in_eval": NORM}


def wrong(kind, **changes):
    """A small run of unequal sizes with a mistake, and what the mistake needs to have an effect."""
    model = NEEDS.get(kind if isinstance(kind, str) else kind["kind"], {}) | changes.pop("model", {})
    return settings(mistake=kind, model=model, **changes)


class Masked(nn.Module):
    """F.dropout as one writes it, with masks from the run's stream so that both sides draw the same."""

    def __init__(self, rate, number, draw):
        super().__init__()
        self.rate, self.number, self.draw = rate, number, draw

    def forward(self, x):
        uniform = self.draw(self.number, tuple(x.shape), training=self.training)
        return x if uniform is None else x * (uniform >= self.rate) / (1 - self.rate)


class Loop:
    """A notebook's training loop, in which each mistake is a line that was written wrong."""

    def __init__(self, run):
        self.run, self.kind = run, run.mistake.kind
        self.split = core.load_data(run.data)
        self.model = core.build_model(run)
        self.step, self.where = 0, ()
        self._put_masks_in()
        if self.kind == "frozen_layer":
            list(self.model.children())[run.mistake.layer - 1].requires_grad_(False)
        self.optimizer = plain_optimizer(run, self.model)
        if self.kind == "frozen_layer":
            for group in self.optimizer.param_groups:
                group["params"] = [p for p in group["params"] if p.requires_grad]
        self.parts = {name: self._part(name) for name in ("train", "val", "test")}
        self.regression = self.split.task == "regression"

    def _put_masks_in(self):
        for number, layer in enumerate(layer for name, layer in self.model.named_children() if name.startswith("hidden")):
            for name, child in layer.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(layer, name, Masked(child.p, number, self._uniform))

    def _uniform(self, number, shape, *, training):
        if training:
            return uniforms(self.run.seed, number, self.step, shape).double()
        if self.kind != "eval_with_dropout":  # F.dropout(x, p, training=self.training) was meant
            return None
        return uniforms(self.run.seed, number, self.step, shape, *self.where).double()

    def _part(self, name):
        x, y = (np.array(getattr(self.split, f"{axis}_{name}")) for axis in "xy")
        if self.kind == "unscaled_inputs":  # scaler.transform(x) was meant
            raw = core.load_data(self.run.data.model_copy(update={"scale": "none"}))
            x = np.array(getattr(raw, f"x_{name}"))
        if self.kind == "leak":  # without the target was meant
            x[:, 0] = (y - self.split.y_train.mean()) / self.split.y_train.std()
        if self.kind == "shuffled_labels" and name == "train":
            y = y[np.random.default_rng([self.run.data.split_seed, 4]).permutation(len(y))]
        return torch.tensor(x), torch.tensor(y)

    def outputs(self, x):
        if self.kind == "scrambled_inputs":
            x = x.T.contiguous().view(x.shape)  # x was meant: it comes feature by feature
        return self.model(x)

    def criterion(self, outputs, y):
        if self.regression:
            return F.mse_loss(outputs[:, 0], y)
        return F.cross_entropy(outputs.softmax(1) if self.kind == "softmax_twice" else outputs, y)

    def train(self):
        run, (x, y) = self.run, self.parts["train"]
        for epoch in range(run.training.epochs):
            for batch in torch.from_numpy(epoch_order(run, epoch, len(x))).split(run.training.batch_size):
                loss = self.criterion(self.outputs(x[batch]), y[batch])
                if self.kind != "no_zero_grad":
                    self.optimizer.zero_grad()
                (-loss if self.kind == "flipped_sign" else loss).backward()
                if run.clipping.kind == "norm":
                    nn.utils.clip_grad_norm_(self.model.parameters(), run.clipping.max_norm)
                self.optimizer.step(lambda loss=loss: loss)
                self.step += 1
        return self

    @torch.no_grad()
    def evaluated(self, name):
        """Loss and accuracy on a part, in batches of the training's size; the mistake is in what the network is asked."""
        x, y = self.parts[name]
        self.model.eval()
        if self.kind == "batch_statistics_in_eval":
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm1d):
                    module.train().momentum = 0.0
        size = self.run.training.batch_size
        cuts = list(range(0, len(x), size))
        if len(x) - cuts[-1] == 1:
            cuts.pop()
        found = []
        for place, (start, stop) in enumerate(zip(cuts, [*cuts[1:], len(x)], strict=True)):
            self.where = (["train", "val", "test"].index(name), place)
            found.append(self.outputs(x[start:stop]))
        outputs = torch.cat(found)
        if self.regression:
            return F.mse_loss(outputs[:, 0], y).item(), float("nan")
        return F.cross_entropy(outputs, y).item(), (outputs.argmax(1) == y).double().mean().item()


@pytest.mark.parametrize("data", ["wine", "diabetes"])
@pytest.mark.parametrize("kind", PLANTED)
def test_a_run_with_a_mistake_is_the_plain_loop_with_that_mistake(kind, data):
    if kind == "softmax_twice" and data == "diabetes":
        return  # refused: numbers have no softmax
    runs = [wrong(kind, data=data, seed=seed) for seed in (0, 3, 4)]
    models, records = stacked_training(runs)
    ended = {row["run"]: row for row in records.ended}
    for run in runs:
        loop = Loop(run).train()
        assert_same_weights(models[run.key], loop.model, 1e-10)
        last = history(records, run)[-1]
        measured = {
            "train": (last["train_loss_eval"], last["train_accuracy"]),
            "val": (last["val_loss"], last["val_accuracy"]),
            "test": (ended[run.key]["test_loss"], ended[run.key]["test_accuracy"]),
        }
        for name, ours in measured.items():
            np.testing.assert_allclose(ours, loop.evaluated(name), atol=1e-10)


@pytest.mark.parametrize("kind", PLANTED)
def test_it_is_another_run_than_the_right_code(kind):
    """A twin that forgot the mistake would pass the test above if the engine forgot it too."""
    run = wrong(kind)
    right = run.model_copy(update={"mistake": settings().mistake})
    models, records = stacked_training([run])
    models_right, records_right = stacked_training([right])
    ours, theirs = history(records, run)[-1], history(records_right, right)[-1]
    assert ours["val_loss"] != pytest.approx(theirs["val_loss"], abs=1e-6)
    same_weights = np.allclose(vector(models[run.key]), vector(models_right[right.key]), atol=1e-9)
    assert same_weights is (kind in ("eval_with_dropout", "batch_statistics_in_eval"))


@pytest.mark.parametrize("clipping", ["none", {"kind": "norm", "max_norm": 0.3}], ids=["whole", "clipped"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon", "lamb"])
def test_gradients_add_up_as_backward_leaves_them_clipped_or_not(optimizer, clipping):
    run = wrong("no_zero_grad", optimizer=optimizer, clipping=clipping)
    models, _ = stacked_training([run, settings(seed=2, optimizer=optimizer, clipping=clipping)])
    assert_same_weights(models[run.key], Loop(run).train().model, 1e-10)


ROBUST = [cls for cls in get_args(get_args(Optimizer)[0]) if not (cls.amplifies or cls.foreign)]


@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize("optimizer", ROBUST, ids=kind_of)
def test_a_frozen_layer_never_moves_whatever_the_optimizer_and_the_others_do(optimizer, layer):
    given = {"optimizer": {"kind": kind_of(optimizer), **({"weight_decay": 0.1} if "weight_decay" in optimizer.model_fields else {})}}
    penalty = {"decoupled_decay": 0.1} | ({} if optimizer.averaging else {"max_norm": 0.5})
    run = wrong({"kind": "frozen_layer", "layer": layer}, penalty=penalty, **given)
    models, records = stacked_training([run, settings(**given)])
    before, after = core.build_model(run), models[run.key]
    for place, (first, last) in enumerate(zip(before.children(), after.children(), strict=True), start=1):
        assert torch.equal(vector_of(first), vector_of(last)) is (place == layer)
    rows = [row for row in records.layers if row["run"] == run.key]
    frozen = {row["layer"] for row in rows if row["grad_norm"] == 0}
    assert frozen == {["hidden1", "hidden2", "output"][layer - 1]}


def vector_of(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize("kind", PLANTED)
def test_alone_is_stacked_and_resumed_is_uninterrupted(kind):
    runs = [wrong(kind, seed=seed) for seed in (0, 3)]
    right = [run.model_copy(update={"mistake": settings().mistake}) for run in runs]
    together = core.train([*runs, *right])
    for run in (*runs, *right):
        alone = core.train([run])
        assert_same_weights(together.model(run), alone.model(run), 1e-10)
        ours, theirs = (result.history.loc[result.history["run"] == run.key, "val_loss"] for result in (together, alone))
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    whole, records = stacked_training(runs)
    stack, pieces = begin(runs), Records()
    while not stack.finished:
        stack, new = advance(from_bytes(to_bytes(stack)), 1)
        pieces.extend(new)
    weights = {row["run"]: row["weights"] for row in pieces.ended}
    for run in runs:
        assert np.array_equal(vector(trained_model(run, weights[run.key])), vector(whole[run.key]))
        ours, theirs = ([row["val_loss"] for row in history(found, run)] for found in (pieces, records))
        assert ours == theirs


def test_mistakes_of_single_runs_share_a_stack_with_right_code():
    kinds = ["none", "flipped_sign", "no_zero_grad", {"kind": "frozen_layer", "layer": 2}]
    runs = [settings(mistake=kind) for kind in kinds]
    stack = begin(runs)
    assert len(stack.runs) == 4
    models, _ = stacked_training(runs)
    for run in runs:
        assert_same_weights(models[run.key], Loop(run).train().model, 1e-10)


def test_the_loss_as_logged_shows_the_floor_of_a_softmax_taken_twice():
    run = settings(mistake="softmax_twice", training={"epochs": 40}, optimizer={"kind": "adam", "lr": 0.03})
    _, records = stacked_training([run])
    last = history(records, run)[-1]
    floor = np.log(1 + 2 / np.e)
    assert floor < last["train_loss"] < floor + 0.1
    assert last["train_loss_eval"] < 0.3


@pytest.mark.parametrize("model", ["convnet", "recurrent", "linear"])
@pytest.mark.parametrize("kind", PLANTED)
def test_every_kind_of_network_trains_with_it_or_says_why_not(kind, model):
    given = {"kind": model} | ({"normalization": "batch", "dropout": 0.2} if model == "convnet" else {})
    try:
        run = RunSettings.model_validate({"data": "digits", "model": given, "mistake": kind, "training": {"epochs": 1, "examples": 90}})
    except core.SettingsError as error:
        assert model != "convnet"
        assert "has no effect" in str(error)  # noqa: PT017 (or it trains)
        return
    _, records = stacked_training([run])
    assert records.ended[0]["status"] in ("finished", "diverged")
