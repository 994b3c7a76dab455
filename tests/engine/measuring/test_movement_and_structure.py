"""How far weights go, and what units have in common, beside NumPy on plain networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import core
from core.choices.initializations import Init
from core.engine.measuring.movement import Path, moved
from core.engine.measuring.structure import effective_rank, is_ranked, unit_cosine
from core.engine.records import MOVEMENTS, STRUCTURES
from tests.engine.reference import history, plain_optimizer, stacked_training
from tests.engine.test_contracts import every, kind_of, settings


def flat(model):
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


# Pure functions


def test_they_are_numpys_norms_and_cosines_of_the_points_that_a_run_has_been_at():
    rng = np.random.default_rng(0)
    points = dict(
        zip(("now_RP", "start_RP", "evaluated_RP", "after_RP", "before_RP", "earlier_RP"), rng.normal(size=(6, 3, 11)), strict=True)
    )
    found = moved(Path(**{name: torch.tensor(value) for name, value in points.items()}))
    for run in range(3):
        at = {name: value[run] for name, value in points.items()}
        assert found["distance"][run] == pytest.approx(np.linalg.norm(at["now_RP"] - at["start_RP"]))
        assert found["weight_change"][run] == pytest.approx(np.linalg.norm(at["now_RP"] - at["evaluated_RP"]))
        steps = at["after_RP"] - at["before_RP"], at["before_RP"] - at["earlier_RP"]
        assert found["update_cosine"][run] == pytest.approx(cosine(*steps))


def rank_of(weights):
    values = np.linalg.svd(weights, compute_uv=False)
    share = values[values > 1e-12 * values[0]] / values.sum()
    return np.exp(-(share * np.log(share)).sum())


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)], ids=str)
def test_effective_rank_is_the_exponential_of_the_entropy_of_numpys_singular_values(shape):
    weights = np.random.default_rng(1).normal(size=(3, *shape))
    found = effective_rank(torch.tensor(weights))
    np.testing.assert_allclose(found, [rank_of(one) for one in weights], rtol=1e-10)


def test_effective_rank_knows_orthogonal_single_and_no_directions():
    orthogonal = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0]
    single = torch.outer(torch.randn(6, dtype=torch.float64), torch.randn(6, dtype=torch.float64))
    spoiled = orthogonal.clone()
    spoiled[2, 3] = torch.inf
    found = effective_rank(torch.stack([orthogonal, single, torch.zeros(6, 6, dtype=torch.float64), spoiled]))
    assert found[0].item() == pytest.approx(6)
    assert found[1].item() == pytest.approx(1, abs=1e-6)
    assert found[2:].isnan().all()


def test_unit_cosine_is_the_mean_over_all_pairs_and_leaves_units_of_zeros_out():
    weights = np.random.default_rng(2).normal(size=(2, 5, 3))
    weights[1, 3] = 0
    found = unit_cosine(torch.tensor(weights))
    for one, ours in zip(weights, found, strict=True):
        units = [unit for unit in one if unit.any()]
        pairs = [abs(cosine(a, b)) for place, a in enumerate(units) for b in units[:place]]
        assert ours.item() == pytest.approx(np.mean(pairs))
    alike = unit_cosine(torch.ones(1, 4, 3))
    assert alike.item() == pytest.approx(1)
    assert unit_cosine(torch.zeros(1, 4, 3)).isnan().all()
    assert unit_cosine(torch.ones(1, 1, 3)).isnan().all()


# In a run


def theirs(run):
    """Of a plain loop: the parameters before the first update, and after each."""
    split, model = core.load_data(run.data), core.build_model(run)
    optimizer, points = plain_optimizer(run, model), [flat(model)]
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    for epoch in range(run.training.epochs):
        order = core.engine.streams.epoch_order(run, epoch, len(x))
        for batch in torch.from_numpy(order).split(len(x) if run.training.batch_size == "full" else run.training.batch_size):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
            points.append(flat(model))
    return points


EVERY = [{"evaluate_every": None}, {"evaluate_every": 1}, {"evaluate_every": 3}, {"batch_size": "full", "epochs": 4}]


@pytest.mark.parametrize("training", EVERY, ids=str)
def test_a_runs_movement_is_that_of_a_plain_loop_whole_and_by_segments(training):
    runs = [settings(seed=seed, training=training) for seed in (0, 4)]
    for epochs in (None, 1):
        _, records = stacked_training(runs, epochs)
        for run in runs:
            points, rows = theirs(run), history(records, run)
            for former, row in zip([None, *rows], rows, strict=False):
                step = row["step"]
                assert row["distance"] == pytest.approx(np.linalg.norm(points[step] - points[0]), abs=1e-9)
                if former is None:
                    assert np.isnan(row["weight_change"])
                else:
                    assert row["weight_change"] == pytest.approx(np.linalg.norm(points[step] - points[former["step"]]), abs=1e-9)
                if step < 2:
                    assert np.isnan(row["update_cosine"])
                else:
                    expected = cosine(points[step] - points[step - 1], points[step - 1] - points[step - 2])
                    assert row["update_cosine"] == pytest.approx(expected, abs=1e-6)


NETWORKS = [
    {"kind": "mlp", "hidden": [7, 5], "normalization": "batch"},
    {"kind": "mlp", "hidden": [7, 5], "normalization": "weight"},
    {"kind": "convnet", "channels": [3, 5]},
    {"kind": "recurrent", "cell": "gru", "hidden": 4},
    {"kind": "linear"},
]


@pytest.mark.parametrize("model", NETWORKS, ids=str)
def test_layers_are_measured_on_the_weights_that_their_units_use(model):
    runs = [settings(data="digits", model=model, seed=seed, training={"epochs": 1, "batch_size": 200, "examples": 400}) for seed in (0, 2)]
    models, records = stacked_training(runs)
    for run in runs:
        rows = [row for row in records.layers if row["run"] == run.key and row["step"] > 0]
        for row, (name, layer) in zip(rows, (item for item in models[run.key].named_children() if list(item[1].parameters())), strict=True):
            assert row["layer"] == name
            modules = [part for part in layer.modules() if hasattr(part, "weight") and part.weight.dim() > 1]
            if model["kind"] == "recurrent" and name == "hidden1":
                weights = torch.cat([layer.rnn.weight_ih_l0, layer.rnn.weight_hh_l0], dim=1)
            else:
                weights = modules[0].weight.flatten(1)
            units = weights.detach().numpy()
            assert row["effective_rank"] == pytest.approx(rank_of(units), rel=1e-6)
            pairs = [abs(cosine(a, b)) for place, a in enumerate(units) for b in units[:place]]
            assert row["unit_cosine"] == pytest.approx(np.mean(pairs), abs=1e-9)
            start = dict(core.build_model(run).named_children())[name]
            gone = np.linalg.norm(flat(layer) - flat(start))
            assert row["distance"] == pytest.approx(gone, abs=1e-9)


def test_ranks_are_measured_at_the_start_after_1_2_4_8_epochs_and_at_each_runs_end_in_any_company():
    ends, stops = settings(training={"epochs": 6}), settings(seed=1, training={"epochs": 11})
    for runs in ([ends], [stops], [ends, stops]):
        _, records = stacked_training(runs)
        for run in runs:
            rows = [row for row in records.layers if row["run"] == run.key and row["layer"] == "output"]
            measured = [row["step"] // 10 for row in rows if not np.isnan(row["effective_rank"])]
            assert measured == ([0, 1, 2, 4, 6] if run is ends else [0, 1, 2, 4, 8, 11])
            assert not any(np.isnan(row["unit_cosine"]) for row in rows)
    assert not is_ranked(15, 10)


@pytest.mark.parametrize("init", every(Init), ids=kind_of)
def test_every_initialization_has_values_or_none(init):
    _, records = stacked_training([settings(model={"init": kind_of(init)}, training={"epochs": 1})])
    first = [row for row in records.layers if row["step"] == 0]
    for row in first:
        nothing = kind_of(init) == "zero"
        assert all(np.isnan(row[name]) is np.bool_(nothing) or np.isnan(row[name]) == nothing for name in STRUCTURES)
        assert row["distance"] == 0
        if kind_of(init) == "constant":
            assert row["unit_cosine"] == pytest.approx(1)
            assert row["effective_rank"] == pytest.approx(1, abs=1e-6)
    assert set(MOVEMENTS) | set(STRUCTURES) <= set(first[0])
