"""Networks of several depths at their initial weights: against networks written out by hand, closed forms, and what the engine records."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import core
from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.labs.networks import gradient_flow
from core.settings import RunSettings, SettingsError


def run(seed: int = 3, data: str = "iris", **model) -> RunSettings:
    return RunSettings.model_validate({"data": data, "model": {"kind": "mlp", "hidden": [5], **model}, "seed": seed})


def written_out(given: RunSettings, depth: int) -> list[dict[str, float]]:
    """ReLU layers, with or without skip connections and layer norm, one tensor operation after the other."""
    split = load_data(given.data)
    tensors = {
        name: value.double().requires_grad_() for name, value in build_model(gradient_flow.deepened(given, depth)).state_dict().items()
    }
    h, hidden, active = torch.tensor(split.x_train, dtype=torch.float64)[: gradient_flow.EXAMPLES], [], []
    for layer in range(1, depth + 1):
        z = h @ tensors[f"hidden{layer}.linear.weight"].T + tensors[f"hidden{layer}.linear.bias"]
        if given.model.normalization.kind == "layer":
            z = (z - z.mean(1, keepdim=True)) / (z.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
            z = z * tensors[f"hidden{layer}.normalization.weight"] + tensors[f"hidden{layer}.normalization.bias"]
        activation = torch.where(z > 0, z, 0)  # `clamp` would pass the gradient of exact zeros, which come of dead examples
        h = h + activation if given.model.skip and h.shape == activation.shape else activation
        h.retain_grad()
        hidden.append(h)
        active.append(activation)
    logits = h @ tensors["output.weight"].T + tensors["output.bias"]
    targets = torch.tensor(split.y_train[: gradient_flow.EXAMPLES])
    (logits.logsumexp(1) - logits[torch.arange(len(logits)), targets]).mean().backward()
    rows = []
    for layer, (output, activation) in enumerate(zip(hidden, active, strict=True), start=1):
        of_layer = [tensor.grad for name, tensor in tensors.items() if name.startswith(f"hidden{layer}.")]
        rows.append(
            {
                "weights": sum(float(gradient.square().sum()) for gradient in of_layer) ** 0.5,
                "signal": float(output.grad.square().sum().sqrt()),
                "spread": float(np.sqrt(np.mean(np.square(np.std(output.detach().numpy(), axis=0))))),
                "dead": float(np.mean(np.all(activation.detach().numpy() == 0, axis=0))),
            }
        )
    return rows


@pytest.mark.parametrize("model", [{}, {"skip": True}, {"skip": True, "normalization": "layer"}], ids=["plain", "skip", "skip and norm"])
def test_every_layer_has_what_a_network_written_out_by_hand_has(model):
    found = gradient_flow.measure(run(**model), depths=(3, 7), seeds=1)
    assert list(found["layer"]) == [1, 2, 3, 1, 2, 3, 4, 5, 6, 7]
    for depth, rows in found.groupby("depth"):
        for row, expected in zip(rows.to_dict("records"), written_out(run(**model), depth), strict=True):
            assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9), (depth, row["layer"])


def test_orthogonal_weights_keep_the_lengths_in_a_linear_network():
    """Saxe et al. 2014; with as many units as features the weights' gradients are rotations of each other too."""
    square = RunSettings.model_validate(
        {"data": "iris", "model": {"kind": "mlp", "hidden": [4], "activation": "identity", "init": "orthogonal"}}
    )
    found = gradient_flow.ends(gradient_flow.measure(square, depths=(2, 5, 33), seeds=2))
    assert list(found["signal_ratio"]) == pytest.approx([1] * 6, rel=1e-6)
    assert list(found["weights_ratio"]) == pytest.approx([1] * 6, rel=1e-6)


def test_a_sigmoid_takes_at_least_three_quarters_of_the_gradient_in_every_layer():
    found = gradient_flow.measure(run(activation="sigmoid", init="orthogonal"), depths=(12,), seeds=2)
    for _, layers in found.groupby("seed"):
        signal = layers["signal"].to_numpy()
        assert (signal[:-1] <= 0.25 * signal[1:] * (1 + 1e-6)).all()
    assert gradient_flow.ends(found)["signal_ratio"].max() < 0.25**11


def test_gradients_too_small_for_float32_are_no_zeros():
    found = gradient_flow.measure(run(activation="sigmoid", init="xavier"), depths=(64,), seeds=1)
    assert 0 < found["signal"].min() < 1e-37


def test_batch_norm_takes_the_statistics_of_the_examples():
    """With running averages, which are 0 and 1 at the start, it would do nothing, and weights thirty times too large would show."""
    large = {"kind": "normal", "std": 10.0}
    found = gradient_flow.measure(run(normalization="batch", init=large), depths=(6,), seeds=1)
    assert found["spread"].between(0.3, 0.9).all()


def test_weights_are_the_gradient_that_the_engine_records_before_the_first_update():
    given = run(skip=True, activation="tanh").model_dump() | {"training": {"epochs": 1, "batch_size": "full", "dtype": "float64"}}
    deep = RunSettings.model_validate({**given, "model": {**given["model"], "hidden": [5] * 4}})
    recorded = core.train([deep]).layers.query("step == 0").set_index("layer")["grad_norm"]
    found = gradient_flow.measure(deep, depths=(4,), seeds=1)
    assert len(load_data(deep.data).x_train) <= gradient_flow.EXAMPLES, "the engine's batch would hold others"
    assert list(found["weights"]) == pytest.approx([recorded[f"hidden{layer}"] for layer in (1, 2, 3, 4)], rel=1e-9)


def test_seeds_count_up_from_the_runs_own():
    found = gradient_flow.measure(run(seed=7), depths=(2,), seeds=3)
    assert list(found["seed"].unique()) == [7, 8, 9]
    alone = gradient_flow.measure(run(seed=8), depths=(2,), seeds=1)
    assert list(found[found["seed"] == 8]["weights"]) == list(alone["weights"])


@pytest.mark.parametrize("data", ["diabetes", "breast_cancer"])
def test_other_data_and_losses_are_taken_too(data):
    found = gradient_flow.measure(run(data=data, dropout=0.5), depths=(2, 3), seeds=1)
    assert (found[["weights", "signal", "spread"]] > 0).all().all()


def test_the_ends_are_those_of_the_first_and_the_last_layer():
    layers = gradient_flow.measure(run(), depths=(3,), seeds=1).assign(variant="a", weights=[6.0, 5.0, 2.0], spread=[1.0, 2.0, 4.0])
    (row,) = gradient_flow.ends(layers).to_dict("records")
    assert (row["variant"], row["depth"], row["seed"]) == ("a", 3, 3)
    assert (row["first_weights"], row["last_weights"], row["weights_ratio"], row["spread"]) == (6, 2, 3, 4)


def test_only_what_matters_before_training_tells_the_networks_apart():
    one, other = run(dropout=0.3), run().model_copy(update={"training": run().training.model_copy(update={"epochs": 99})})
    assert gradient_flow.deepened(one, 4).key == gradient_flow.deepened(other, 4).key


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"kind": "linear"}, "linear has no depth"),
        ({"kind": "mlp", "hidden": [1000]}, "at most 1,200,000 are allowed here"),
        ({"kind": "convnet"}, "choose mlp"),
    ],
)
def test_a_network_without_a_depth_or_too_large_is_refused_in_words(model, said):
    with pytest.raises(SettingsError, match=said):
        gradient_flow.measure(RunSettings.model_validate({"data": "digits", "model": model}))
