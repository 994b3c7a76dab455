"""Every kind of pruning: what goes, that it stays gone, and what the rest goes on from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, prune

import core
from core.choices.optimizers import Optimizer
from core.choices.pruning import SEEN, Pruning
from core.engine.advance import advance
from core.engine.stack import begin
from core.engine.streams import epoch_order
from tests.engine.reference import assert_same_weights, history, stacked_training, vector
from tests.engine.test_contracts import every, kind_of, settings

SGD = {"kind": "sgd", "lr": 0.05}
KINDS = [kind_of(cls) for cls in every(Pruning) if kind_of(cls) != "none"]


def run_with(**pruning):
    epochs = {} if pruning["kind"] == "snip" else {"epochs": [1]}
    return settings(pruning={"sparsity": 0.6} | epochs | pruning, optimizer=SGD)


def matrices(model):
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear)]


def after_epochs(run, epochs):
    """The plain network of a run after so many epochs, through the engine."""
    stack, _ = advance(begin([run]), epochs)
    model = core.build_model(run)
    nn.utils.vector_to_parameters(stack.flat_RP[0], model.parameters())
    return model


def unpruned(run):
    return run.model_copy(update={"pruning": settings().pruning})


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_pruned_stays_zero_while_the_rest_trains_on(kind):
    run = run_with(kind=kind)
    first, last = after_epochs(run, 1), after_epochs(run, 2)
    zeros = [w == 0 for w in matrices(first)]
    assert sum(int(z.sum()) for z in zeros) > 0
    for before, after, zero in zip(matrices(first), matrices(last), zeros, strict=True):
        assert torch.equal(after == 0, zero)
        assert (before != after)[~zero].any()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "units"])
def test_the_sparsity_asked_for_is_reached_globally_or_in_each_layer(kind):
    model = after_epochs(run_with(kind=kind), 1)
    flat = torch.cat([w.flatten() for w in matrices(model)])
    assert int((flat == 0).sum()) == round(0.6 * len(flat))
    by_layer = after_epochs(run_with(kind=kind, scope="layer"), 1)
    for w in matrices(by_layer):
        assert int((w == 0).sum()) == round(0.6 * w.numel())


FORMULAS = {
    "magnitude": lambda w, g, m, u: abs(w),
    "random": lambda w, g, m, u: u,
    "units": lambda w, g, m, u: abs(w),
    "gradient": lambda w, g, m, u: abs(w * g),
    "snip": lambda w, g, m, u: abs(w * g),
    "movement": lambda w, g, m, u: m,
}
"""What a weight is worth, by the papers: of the weight, its gradient, its movement, and a number drawn evenly."""


@pytest.mark.parametrize("cls", [cls for cls in every(Pruning) if kind_of(cls) != "none"], ids=kind_of)
def test_a_score_is_the_papers_formula(cls):
    assert kind_of(cls) in FORMULAS, "write down here what the paper says"
    given = dict(zip(SEEN, torch.randn(4, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3)), strict=True))
    found = cls().score(**{name: given[name] for name in cls.looks_at()})
    expected = [FORMULAS[kind_of(cls)](*map(float, numbers)) for numbers in zip(*given.values(), strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def gradient_on_all(model, run):
    split = core.load_data(run.data)
    model.zero_grad()
    nn.functional.cross_entropy(model.eval()(torch.tensor(split.x_train)), torch.tensor(split.y_train)).backward()
    return [w.grad for w in matrices(model)]


@pytest.mark.parametrize("kind", ["gradient", "snip"])
def test_gradient_scores_are_those_of_the_plain_network_on_all_training_data(kind):
    run = run_with(kind=kind)
    model = core.build_model(run) if kind == "snip" else after_epochs(unpruned(run), 1)
    scores = torch.cat([(w * g).abs().flatten() for w, g in zip(matrices(model), gradient_on_all(model, run), strict=True)])
    expected = torch.zeros(len(scores), dtype=torch.bool)
    expected[scores.argsort()[: round(0.6 * len(scores))]] = True
    pruned = after_epochs(run, 0 if kind == "snip" else 1)
    assert torch.equal(torch.cat([(w == 0).flatten() for w in matrices(pruned)]), expected)


def test_layer_scope_equals_torchs_l1_unstructured():
    run = run_with(kind="magnitude", scope="layer")
    model = after_epochs(unpruned(run), 1)
    for layer in [module for module in model.modules() if isinstance(module, nn.Linear)]:
        prune.l1_unstructured(layer, "weight", amount=0.6)
        prune.remove(layer, "weight")
    for ours, theirs in zip(matrices(after_epochs(run, 1)), matrices(model), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


def test_movement_prunes_what_training_pushed_towards_zero():
    run = run_with(kind="movement")
    split = core.load_data(run.data)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    model = core.build_model(run)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    scores = [torch.zeros_like(w) for w in matrices(model)]
    for batch in torch.from_numpy(epoch_order(run, 0, len(x))).split(11):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        for score, w in zip(scores, matrices(model), strict=True):
            score -= (w * w.grad).detach()
        optimizer.step()
    flat = torch.cat([score.flatten() for score in scores])
    gone = torch.cat([(w == 0).flatten() for w in matrices(after_epochs(run, 1))])
    assert int(gone.sum()) == round(0.6 * len(flat))
    assert flat[gone].max() <= flat[~gone].min() + 1e-12  # weights of dead units share the score 0


def test_pruned_units_do_nothing_in_the_network():
    run = run_with(kind="units", sparsity=0.5)
    model = after_epochs(run, 1)
    trained = after_epochs(unpruned(run), 1)
    for layer, following, units in (("hidden1", "hidden2.linear", 7), ("hidden2", "output", 5)):
        linear, then = model.get_submodule(f"{layer}.linear"), model.get_submodule(following)
        gone = (linear.weight == 0).all(1)
        assert int(gone.sum()) == round(0.5 * units)
        assert (linear.bias[gone] == 0).all()
        assert (then.weight[:, gone] == 0).all()
        assert gone[trained.get_submodule(f"{layer}.linear").weight.abs().sum(1).argsort()[: int(gone.sum())]].all() or layer == "hidden2"


def test_units_can_be_pruned_behind_a_learned_activation():
    run = settings(pruning={"kind": "units", "sparsity": 0.5, "epochs": [1]}, model={"activation": "prelu"}, optimizer=SGD)
    _, records = stacked_training([run])
    assert records.ended[0]["status"] == "finished"
    assert history(records, run)[-1]["sparsity"] > 0.4


@pytest.mark.parametrize("clipping", [{"kind": "norm", "max_norm": 0.05}, {"kind": "value", "max_value": 0.002}], ids=str)
def test_pruned_weights_count_neither_in_clipping_nor_in_the_gradient_norm(clipping):
    run = settings(pruning={"kind": "magnitude", "sparsity": 0.8, "epochs": [0]}, optimizer=SGD, clipping=clipping, training={"epochs": 1})
    model, split = after_epochs(run, 0), core.load_data(run.data)
    for layer in [module for module in model.modules() if isinstance(module, nn.Linear)]:
        prune.custom_from_mask(layer, "weight", layer.weight != 0)
    optimizer, norms = torch.optim.SGD(model.parameters(), lr=0.05), []
    for batch in torch.from_numpy(epoch_order(run, 0, len(split.x_train))).split(11):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.tensor(split.x_train[batch])), torch.tensor(split.y_train[batch])).backward()
        norms.append(parameters_to_vector(p.grad for p in model.parameters()).norm().item())
        if clipping["kind"] == "value":
            nn.utils.clip_grad_value_(model.parameters(), clipping["max_value"])
        else:
            nn.utils.clip_grad_norm_(model.parameters(), clipping["max_norm"])
        optimizer.step()
    model(torch.tensor(split.x_train))  # torch applies its masks as it computes
    models, records = stacked_training([run])
    for ours, theirs in zip(matrices(models[run.key]), matrices(model), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)
    assert history(records, run)[-1]["grad_norm"] == pytest.approx(norms[-1], abs=1e-10)


@pytest.mark.parametrize("optimizer", every(Optimizer), ids=kind_of)
@pytest.mark.parametrize(
    "pruning", [{"kind": "magnitude", "epochs": [1]}, {"kind": "magnitude", "epochs": [1], "rewind": 0}, {"kind": "snip"}], ids=str
)
def test_what_is_pruned_is_zero_at_the_end_under_every_optimizer(pruning, optimizer):
    given = {"kind": "custom", "path": "torch.optim.SGD"} if kind_of(optimizer) == "custom" else kind_of(optimizer)
    run = settings(pruning=pruning | {"sparsity": 0.6}, optimizer=given)
    models, records = stacked_training([run, run.model_copy(update={"seed": 1})])
    flat = torch.cat([w.flatten() for w in matrices(models[run.key])])
    assert int((flat == 0).sum()) == round(0.6 * len(flat))
    nonzero = {row["run"]: row["nonzero"] for row in records.ended}
    assert nonzero[run.key] == parameters_to_vector(models[run.key].parameters()).count_nonzero()


def test_random_pruning_belongs_to_the_seed():
    runs = [run_with(kind="random"), run_with(kind="random").model_copy(update={"seed": 1})]
    masks = [vector(after_epochs(run, 1)) == 0 for run in (*runs, runs[0])]
    assert not np.array_equal(masks[0], masks[1])
    assert np.array_equal(masks[0], masks[2])


def test_the_cubic_curve_is_that_of_zhu_and_gupta():
    run = settings(pruning={"kind": "magnitude", "sparsity": 0.9, "epochs": [0, 1, 2], "curve": "cubic"})
    _, records = stacked_training([run])
    sparsity = [row["sparsity"] for row in history(records, run)]
    np.testing.assert_allclose(sparsity, [0.9 * (1 - (1 - k / 3) ** 3) for k in (1, 2, 3, 3)], atol=0.004)


@pytest.mark.parametrize("rewind", [0, 1])
def test_survivors_go_back_to_their_weights_of_the_epoch_asked_for_with_a_fresh_optimizer(rewind):
    adam = {"kind": "adam", "lr": 0.01}
    run = settings(pruning={"kind": "magnitude", "sparsity": 0.5, "epochs": [2], "rewind": rewind}, optimizer=adam)
    dense = settings(optimizer=adam)
    pruned, source = after_epochs(run, 2), after_epochs(dense, rewind)
    for w, origin in zip(matrices(pruned), matrices(source), strict=True):
        assert torch.equal(w[w != 0], origin[w != 0])
    split = core.load_data(run.data)
    twin = pruned
    masks = [(w != 0) for w in matrices(twin)]
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.01)
    for batch in torch.from_numpy(epoch_order(run, 2, len(split.x_train))).split(11):
        optimizer.zero_grad()
        nn.functional.cross_entropy(twin(torch.tensor(split.x_train[batch])), torch.tensor(split.y_train[batch])).backward()
        for w, mask in zip(matrices(twin), masks, strict=True):
            w.grad.mul_(mask)
        optimizer.step()
    models, _ = stacked_training([run, dense, settings(seed=3, optimizer=adam)])
    assert_same_weights(models[run.key], twin, 1e-10)


def test_pruning_in_a_stack_and_in_pieces_is_pruning_alone():
    runs = [run_with(kind=kind) for kind in KINDS] + [run_with(kind="magnitude", rewind=0), settings(optimizer=SGD)]
    together, _ = stacked_training(runs)
    pieces, _ = stacked_training(runs, epochs=1)
    for run in runs:
        alone, _ = stacked_training([run])
        assert_same_weights(together[run.key], alone[run.key], 1e-10)
        assert_same_weights(pieces[run.key], together[run.key], 0)
    assert parameters_to_vector(together[runs[-1].key].parameters()).count_nonzero() > 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"pruning": {"kind": "magnitude", "epochs": [2], "rewind": 3}}, "rewind: 3 is after the first pruning epoch, 2"),
        ({"pruning": {"kind": "units"}, "model": {"kind": "mlp", "skip": True}}, "units needs an mlp without skip"),
        ({"pruning": {"kind": "units"}, "model": "linear"}, "units needs an mlp without skip"),
        ({"pruning": {"kind": "snip", "epochs": [3]}}, "input should be 0"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_pruned_so_are_refused(given, expected):
    with pytest.raises(core.SettingsError) as caught:
        core.Comparison.load({"base": given})
    assert expected in str(caught.value)


def test_a_run_that_ends_with_its_best_weights_ends_with_the_best_of_those_that_were_pruned():
    pruning, stopping = {"sparsity": 0.9, "epochs": [4]}, {"kind": "patience", "patience": 3, "restore_best": True}
    run = settings(
        pruning={"kind": "magnitude"} | pruning, stopping=stopping, training={"epochs": 6}, optimizer={"kind": "adam", "lr": 0.02}
    )
    result = core.train([run])
    history = result.history.set_index("epoch")
    assert history["val_loss"].idxmin() < 4, "the best evaluation was before the pruning"
    assert result.runs["nonzero"].item() < 0.5 * result.runs["parameters"].item()
    split = core.load_data(run.data)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(result.model(run)(torch.tensor(split.x_val)), torch.tensor(split.y_val)).item()
    assert loss == pytest.approx(history.loc[4:, "val_loss"].min(), abs=1e-10)
