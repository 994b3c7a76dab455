"""One value a run, and the small curves of a table."""

from __future__ import annotations

import pytest
from scipy import stats

from core.analysis.shown import over_seeds
from core.charts.results import summary
from tests.charts.frames import NAMES, history


def test_the_last_value_of_each_run_and_for_a_diverged_one_its_last_finite():
    table = history(endings={("SGD", 1): ("diverged", 4)})
    found = over_seeds.final_values(table, "val_loss").set_index(["variant", "seed"])
    assert found.loc[("SGD", 1)].tolist() == [50, "diverged"]
    last = table[table["epoch"] == 6].set_index(["variant", "seed"])["val_loss"]
    assert found.drop(("SGD", 1))["value"].to_dict() == pytest.approx(last.to_dict())


def test_the_interval_is_of_the_seeds_that_did_not_diverge():
    table = history(seeds=5, endings={("SGD", 1): ("diverged", 4)})
    values = over_seeds.final_values(table, "val_loss")
    found = over_seeds.intervals(values).set_index("variant").loc["SGD"]
    ended = values[(values["variant"] == "SGD") & (values["seed"] != 1)]["value"]
    assert found["n"] == 4
    assert found[["low", "high"]].tolist() == pytest.approx(list(stats.t.interval(0.95, 3, ended.mean(), stats.sem(ended))))


def test_a_cross_stands_no_further_out_than_the_runs_that_ended():
    table = history(endings={("SGD", 1): ("diverged", 4)})
    table.loc[(table["variant"] == "SGD") & (table["seed"] == 1), "seconds"] *= 50
    chart = summary.seconds(table, variants=NAMES)
    (cross,) = chart.layer[2].data.itertuples()
    assert cross.place == chart.layer[1].data["value"].max() < cross.value


def test_times_are_single_runs_with_their_median_and_no_interval():
    """Runs of one stack carry equal shares of its time: seeds are no independent measurements of it."""
    table = history(seeds=3)
    table.loc[(table["variant"] == "SGD") & (table["seed"] == 2), "seconds"] *= 50
    chart = summary.seconds(table, variants=NAMES)
    fields = {layer.encoding["x"]["shorthand"] for layer in chart.layer}
    assert fields == {"median:Q", "value:Q", "place:Q"}
    median = table.drop_duplicates("run", keep="last").groupby("variant")["seconds"].median()
    assert chart.layer[0].data.set_index("variant")["median"].to_dict() == pytest.approx(median.to_dict())
    assert min(chart.layer[1].data["value"]) >= 0
    assert "share its time" in " ".join(chart.title["text"])


def test_sparklines_are_means_over_seeds_in_at_most_60_numbers():
    table = history(epochs=300)
    found = summary.sparklines(table)
    assert set(found) == set(NAMES)
    for name, values in found.items():
        mean = table[table["variant"] == name].groupby("epoch")["val_loss"].mean()
        assert len(values) <= 60
        assert (values[0], values[-1]) == pytest.approx((mean.iloc[0], mean.iloc[-1]))


def test_sparklines_of_nothing_are_none():
    assert summary.sparklines(history().iloc[:0]) == {}
