"""Labs made for questions, beside scipy, scikit-learn, closed forms and the functions that they gather."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.linear_model import Lasso, Ridge

from core.analysis.intervals import clopper_pearson
from core.choices.activations import Gelu
from core.data.loading import load_data
from core.labs import identities
from core.labs.identities import jacobians, step_table
from core.labs.networks import spectral_radius, symmetric_start, xor
from core.labs.optimization import epoch_sampling, gradient_noise
from core.labs.regularization import feature_selection, robust_line
from core.settings import RunSettings


@pytest.fixture(scope="module")
def selected():
    return feature_selection.train(seeds=2)


def weights(frame, penalty, seed):
    return frame[(frame["penalty"] == penalty) & (frame["seed"] == seed)].sort_values("feature")["weight"].to_numpy()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_proximal_step_ends_at_the_lasso_and_the_square_at_the_ridge_of_scikit_learn(selected, seed):
    split = load_data(RunSettings.model_validate(feature_selection.settings(seed)).data)
    x, y = split.x_train.astype(float), split.y_train.astype(float)
    lasso, ridge = Lasso(alpha=0.025, tol=1e-10).fit(x, y), Ridge(alpha=len(x) * 0.1).fit(x, y)
    np.testing.assert_allclose(weights(selected, "l1_proximal", seed), lasso.coef_, atol=1e-4)
    np.testing.assert_allclose(weights(selected, "l2_squared", seed), ridge.coef_, atol=1e-4)


def test_the_features_that_matter_are_the_datas_and_every_seed_has_its_own(selected):
    truth = load_data(RunSettings.model_validate(feature_selection.settings(0)).data).truth
    rows = selected[(selected["penalty"] == "none") & (selected["seed"] == 0)].sort_values("feature")
    assert (rows["informative"].to_numpy() == (truth != 0)).all()
    assert not np.allclose(weights(selected, "none", 0), weights(selected, "none", 1), atol=0.1)


def test_zero_shares_count_exact_zeros_of_one_kind_of_features(selected):
    shares = feature_selection.zero_shares(selected, informative=False)
    assert shares.index.tolist() == [0, 1]
    assert shares.loc[1, "l1_proximal"] == np.mean(weights(selected, "l1_proximal", 1)[feature_selection.INFORMATIVE :] == 0)
    assert (feature_selection.zero_shares(selected, informative=True)["l1_proximal"] == 0).all()


@pytest.mark.parametrize("outliers", robust_line.OUTLIERS)
def test_the_absolute_line_is_that_of_a_linear_program(outliers):
    x, y = robust_line.points(outliers, 5)
    one, eye = np.ones(len(x)), np.eye(len(x))
    design = np.column_stack([x, one])
    bound = np.block([[design, -eye], [-design, -eye]])
    free = [(None, None)] * 2 + [(0, None)] * len(x)
    best = linprog(np.r_[0, 0, one], A_ub=bound, b_ub=np.r_[y, -y], bounds=free)
    assert robust_line.least_absolute(x, y) == pytest.approx(best.x[0], abs=1e-6)


def test_slopes_of_lines_have_a_row_for_each_kind_loss_and_seed():
    frame = robust_line.slopes(seeds=3)
    assert len(frame) == 3 * 2 * 3
    assert (frame["error"] == (frame["slope"] - 2).abs()).all()
    clean = frame[frame["outliers"] == "none"]
    assert clean["error"].max() < 0.5, clean


def test_without_inputs_the_norm_is_a_power_of_the_radius_and_its_slope_the_logarithm():
    frame = spectral_radius.lags("zeros", radii=(0.5, 1.1), seeds=2)
    assert spectral_radius.errors(frame).index.tolist() == [0, 1]
    assert spectral_radius.errors(frame).max() < 1e-4
    slopes = spectral_radius.slopes(frame)
    np.testing.assert_allclose(slopes["slope"], np.log(slopes["radius"]), atol=1e-4)
    broken = frame.assign(norm=frame["norm"].where(frame["lag"] != 7, frame["norm"] * 1.01))
    assert spectral_radius.errors(broken).min() == pytest.approx(0.01, rel=1e-3)


def test_units_are_measured_by_numpys_rank_and_their_largest_difference():
    alike = np.outer(np.ones(5), [1.0, 2, 3])
    assert symmetric_start.of_units(alike, np.ones(5)) == {"difference": 0.0, "rank": 1.0, "cosine": pytest.approx(1.0)}
    assert symmetric_start.of_units(np.zeros((5, 3)), np.zeros(5)) == {"difference": 0.0, "rank": 0.0, "cosine": 0.0}
    assert symmetric_start.of_units(alike, np.array([0.0, 0, 0, 0, 0.25]))["difference"] == 0.25
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    assert symmetric_start.of_units(rotation, np.zeros(4)) | {"difference": 0} == {
        "difference": 0,
        "rank": 4.0,
        "cosine": pytest.approx(0.0, abs=1e-12),
    }


def test_units_part_from_a_random_start_alone():
    frame = symmetric_start.train(seeds=1).set_index(["init", "layer"])
    assert frame.loc["he", "difference"].min() > 0.1
    assert frame.loc[["constant", "zero"], "difference"].max() == 0


def test_slopes_of_noise_are_those_of_each_seeds_own_measurement():
    frame = gradient_noise.slopes(seeds=2, draws=8)
    run = RunSettings.model_validate({"data": gradient_noise.DIGITS, "model": {"kind": "mlp", "hidden": [32]}, "seed": 1})
    own = gradient_noise.measure(run, 8, replacement=False)
    mine = frame[frame["seed"] == 1]
    np.testing.assert_allclose(mine["slope"], own.slope)
    np.testing.assert_allclose(mine["noise"], own.table["noise"])
    assert own.examples == 1024


def test_ends_of_xor_are_the_last_rows_of_the_training():
    frame = xor.ends("gelu", [1, 3], 4)
    trained = xor.train([1, 3], range(4), activation=Gelu())
    last = trained[trained["step"] == xor.UPDATES].set_index(["width", "seed"])["solved"]
    assert frame.set_index(["width", "seed"])["solved"].to_dict() == last.to_dict()


def test_shares_seen_are_around_what_is_expected():
    frame = epoch_sampling.shares_seen(examples=50, epochs=1, seeds=200)
    assert frame["expected"].iloc[0] == pytest.approx(1 - 0.98**50)
    low, high = clopper_pearson(round(frame["share"].sum() * 50), 200 * 50)
    assert low < frame["expected"].iloc[0] < high
    assert frame["share"].iloc[3] == epoch_sampling.share_seen(3, 50, 1)


def test_distances_of_descent_are_those_of_the_closed_form():
    frame = step_table.distances(rates=(0.05, 0.3), eigenvalues=(1.0, 4.0), updates=6)
    for rate, rows in frame.groupby("rate"):
        expected = step_table.closed_form(np.array([1.0, 4.0]), np.array(step_table.START), rate, 6)
        np.testing.assert_allclose(rows["distance"], np.linalg.norm(expected, axis=1), rtol=1e-12)


def test_slopes_at_0_are_those_of_the_table():
    assert jacobians.slopes().set_index("activation").loc["relu", ["left", "right", "taken"]].tolist() == [0.0, 1.0, 0.0]


def test_a_modules_errors_are_found_by_its_name():
    frame = identities.table("step_table", seeds=2)
    assert frame["seed"].tolist() == [0, 1]
    assert frame.set_index("seed").loc[1].to_dict() == step_table.errors(1)
    with pytest.raises(ModuleNotFoundError):
        identities.table("no_such_module")
