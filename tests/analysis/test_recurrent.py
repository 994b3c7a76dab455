"""The gradient against the lag in numbers, and which runs have solved their problem."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from scipy import stats

from core.analysis import recurrent
from tests.charts.frames import NAMES, history

LAGS = np.arange(7)


def norms(*factors, variant="rnn", noise=0.0):
    rng = np.random.default_rng(0)
    values = [factor**LAGS * np.exp(noise * rng.standard_normal(len(LAGS))) for factor in factors]
    parts = [DataFrame({"variant": variant, "seed": seed, "lag": LAGS, "norm": value}) for seed, value in enumerate(values)]
    return pd.concat(parts, ignore_index=True)


def test_a_constant_factor_is_a_straight_line_of_its_logarithm():
    found = recurrent.slopes(norms(0.5, 0.5)).iloc[0]
    assert (found["slope"], found["factor"], found["straight"]) == pytest.approx((np.log(0.5), 0.5, 1.0))
    assert found["gone"] == 7 or np.isnan(found["gone"]), "0.5^6 is still above 1 %"
    assert recurrent.slopes(norms(0.4, 0.4)).iloc[0]["gone"] == 6


def test_the_slopes_are_least_squares_and_their_interval_students():
    frame = norms(0.9, 0.8, 0.7, noise=0.1)
    lines = [stats.linregress(seed["lag"], np.log(seed["norm"])) for _, seed in frame.groupby("seed")]
    found = recurrent.slopes(frame).iloc[0]
    slopes = [line.slope for line in lines]
    interval = stats.t.interval(0.95, 2, np.mean(slopes), stats.sem(slopes))
    assert (found["slope"], found["low"], found["high"]) == pytest.approx((np.mean(slopes), *interval))
    assert found["straight"] == pytest.approx(np.mean([line.rvalue**2 for line in lines]))


def test_the_curves_are_geometric_means_with_the_interval_of_the_logarithms():
    frame = norms(0.9, 0.8, 0.6)
    row = recurrent.curves(frame).query("lag == 3").iloc[0]
    logs = np.log(np.array([0.9, 0.8, 0.6]) ** 3)
    interval = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    assert (row["mean"], row["low"], row["high"], row["n"]) == pytest.approx((np.exp(logs.mean()), *np.exp(interval), 3))


def test_a_level_curve_has_no_straightness_and_one_seed_no_interval():
    found = recurrent.slopes(norms(1.0)).iloc[0]
    assert found["slope"] == pytest.approx(0)
    assert np.isnan(found[["straight", "low", "gone"]].astype(float)).all()


def test_what_is_zero_or_not_finite_is_left_out():
    frame = norms(0.5).assign(norm=[1.0, 0.5, 0.25, 0.0, np.inf, np.nan, 0.5**6])
    assert list(recurrent.curves(frame)["lag"]) == [0, 1, 2, 6]
    assert recurrent.slopes(frame).iloc[0]["slope"] == pytest.approx(np.log(0.5))


def test_a_run_has_solved_it_when_it_ends_below_half_of_the_baseline():
    table = history(seeds=3, epochs=6, endings={("SGD", 1): ("diverged", 4)})
    table.loc[table["run"].eq("SGD-2") & table["epoch"].eq(6), "val_loss"] = 2.0
    last = table.drop_duplicates("run", keep="last").set_index("run")["val_loss"]
    found = recurrent.solved(table, dict.fromkeys([*NAMES, "later"], 1.2)).set_index("variant")
    assert found.loc["SGD", ["n", "solved", "diverged"]].tolist() == [3, int(last["SGD-0"] < 0.6), 1]
    assert found.loc["SGD", "solved"] == 1
    first = table[table["variant"].eq("Adam") & (table["val_loss"] < 0.6)].drop_duplicates("run")["epoch"]
    assert found.loc["Adam", "epoch"] == first.median()
    assert found.loc["later", ["n", "solved"]].tolist() == [0, 0]


def test_nobody_has_solved_what_nobody_has_begun():
    found = recurrent.solved(history().iloc[:0], dict.fromkeys(NAMES, 1.0))
    assert found["solved"].tolist() == [0, 0]
    assert recurrent.diverged_shares(history().iloc[:0], list(NAMES))["share"].isna().all()


def test_each_variant_is_held_against_its_own_baseline():
    table = history(seeds=3, epochs=6)
    last = table.drop_duplicates("run", keep="last").groupby("variant")["val_loss"]
    found = recurrent.solved(table, {"SGD": 2.1 * last.max()["SGD"], "Adam": 1.9 * last.min()["Adam"]}).set_index("variant")
    assert found["solved"].to_dict() == {"SGD": 3, "Adam": 0}


def test_where_nothing_is_solved_there_is_no_epoch_of_it():
    found = recurrent.solved(history(), dict.fromkeys(NAMES, 1e-9))
    assert found["epoch"].isna().all()


def test_the_share_that_diverged_is_of_the_runs_that_were_measured():
    table = history(seeds=4, endings={("SGD", 1): ("diverged", 4), ("SGD", 2): ("diverged", 3)})
    found = recurrent.diverged_shares(table, list(NAMES)).set_index("variant")
    assert found.loc["SGD", ["n", "diverged", "share"]].tolist() == [4, 2, 0.5]
    assert found.loc["Adam", "share"] == 0
