"""The gradient against the lag: against closed forms, against a product of Jacobians in NumPy, and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.data.loading import load_data
from core.engine.network.networks import build_model
from core.engine.network.state_dicts import to_bytes
from core.labs.networks import gradient_lag
from core.settings import RunSettings, SettingsError
from tests.engine.kinds import CELLS


def run(steps=9, **model):
    return RunSettings.model_validate(
        {
            "data": {"kind": "adding", "steps": steps, "samples": 60},
            "model": {"kind": "recurrent", "cell": "rnn", "hidden": 5, **model},
            "training": {"epochs": 1},
        }
    )


def cells_and_steps(settings):
    x = torch.tensor(load_data(settings.data).x_train[: gradient_lag.EXAMPLES])
    return gradient_lag.cells_and_steps(build_model(settings).double(), x)


@pytest.mark.parametrize("radius", [0.7, 1.0, 1.3])
def test_an_orthogonal_matrix_times_rho_gives_rho_to_the_power_of_the_lag_where_tanh_is_linear(radius):
    found = gradient_lag.measure(run(spectral_radius=radius), inputs="zeros")
    assert found == pytest.approx(radius ** np.arange(10), rel=1e-5)


def test_a_linear_recurrence_has_exactly_rho_to_the_power_of_the_lag_with_inputs_too():
    cells = nn.RNN(2, 4, nonlinearity="relu", bias=False, batch_first=True).double()
    with torch.no_grad():
        cells.weight_hh_l0.copy_(0.8 * torch.eye(4, dtype=torch.float64)[[1, 2, 3, 0]])
        cells.weight_ih_l0.abs_()
    found = gradient_lag.norms(cells, torch.rand(3, 7, 2, dtype=torch.float64))
    assert found == pytest.approx(0.8 ** np.arange(8), rel=1e-12)


def test_with_inputs_a_tanh_network_is_the_product_of_its_jacobians():
    cells, x = cells_and_steps(run(init="xavier"))
    W, U = cells.weight_ih_l0.detach().numpy(), cells.weight_hh_l0.detach().numpy()
    squares = np.zeros(10)
    for example in x.numpy():
        states = [np.zeros(5)]
        for step in example:
            states.append(np.tanh(W @ step + U @ states[-1]))
        J = np.eye(5)
        for lag in range(10):
            squares[lag] += (J**2).sum()
            J = J @ (np.diag(1 - states[9 - lag] ** 2) @ U)
    assert gradient_lag.norms(cells, x) == pytest.approx(np.sqrt(squares / len(x) / 5), rel=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_it_is_what_finite_differences_say(cell):
    cells, x = cells_and_steps(run(steps=4, cell=cell, hidden=3))
    parts, eps = 2 if cell == "lstm" else 1, 1e-6

    def after(steps, state):
        with torch.no_grad():
            _, state = cells(steps, tuple(state) if parts > 1 else state[0])
        return torch.stack(state) if parts > 1 else state[None]

    for lag in (0, 1, 3, 4):
        before, rest = x[:, : 4 - lag], x[:, 4 - lag :]
        begin = torch.zeros(parts, 1, len(x), 3, dtype=torch.float64)
        state = after(before, begin) if lag < 4 else begin
        square = 0.0
        for part in range(parts):
            for unit in range(3):
                moved = torch.zeros_like(state)
                moved[part, :, :, unit] = eps
                ends = [after(rest, state + sign * moved) if lag else state + sign * moved for sign in (1, -1)]
                square += float(((ends[0] - ends[1]) / (2 * eps)).square().sum())
        assert gradient_lag.norms(cells, x)[lag] == pytest.approx(np.sqrt(square / len(x) / (3 * parts)), rel=1e-6)


def test_an_open_forget_gate_passes_more_on():
    shut, open_ = (gradient_lag.measure(run(cell="lstm", forget_bias=bias))[-1] for bias in (-2, 4))
    assert open_ > 100 * shut


def test_a_large_state_is_measured_along_directions_at_random(monkeypatch):
    cells, x = cells_and_steps(run(hidden=40, cell="lstm"))
    sampled = gradient_lag.norms(cells, x)
    monkeypatch.setattr(gradient_lag, "ALL_DIRECTIONS", 80)
    assert sampled == pytest.approx(gradient_lag.norms(cells, x), rel=0.15)


def test_of_a_long_sequence_the_last_steps_are_looked_at(monkeypatch):
    cells, x = cells_and_steps(run(cell="gru"))
    whole = gradient_lag.norms(cells, x)
    monkeypatch.setattr(gradient_lag, "MOST_LAGS", 4)
    assert gradient_lag.norms(cells, x) == pytest.approx(whole[:5], rel=1e-12)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_of_cells_in_two_directions_those_that_read_forwards_are_measured(kind):
    both, alone = (kind(2, 4, batch_first=True, bidirectional=two).double() for two in (True, False))
    alone.load_state_dict({name: value for name, value in both.state_dict().items() if not name.endswith("_reverse")})
    x = torch.rand(3, 6, 2, dtype=torch.float64)
    network = nn.Sequential(core.choices.models.modules.Steps((6, 2), sequence=True), both)
    found = gradient_lag.norms(*gradient_lag.cells_and_steps(network, x.flatten(1)))
    assert found == pytest.approx(gradient_lag.norms(alone, x), rel=1e-12)


def test_a_trained_network_is_measured_from_its_stored_weights():
    settings = run(cell="gru")
    model = core.train([settings]).model(settings)
    found = gradient_lag.measure(settings, weights=to_bytes(model.state_dict()))
    x = torch.tensor(load_data(settings.data).x_train[: gradient_lag.EXAMPLES])
    assert found == pytest.approx(gradient_lag.norms(*gradient_lag.cells_and_steps(model.double(), x)), rel=1e-12)
    assert found[1:] != pytest.approx(gradient_lag.measure(settings)[1:], rel=1e-3)


def test_rows_of_a_picture_are_steps_too():
    settings = RunSettings.model_validate({"data": "digits", "model": {"kind": "recurrent", "cell": "gru", "hidden": 4}})
    assert gradient_lag.measure(settings).shape == (9,), "8 rows, and the state before them"


def test_a_network_too_large_for_it_is_refused():
    with pytest.raises(SettingsError, match="at most 256"):
        gradient_lag.measure(run(hidden=600))


def test_a_network_without_cells_is_refused():
    with pytest.raises(SettingsError, match="only recurrent networks"):
        gradient_lag.measure(RunSettings.model_validate({"data": "iris"}))
