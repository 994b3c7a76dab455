"""What compression costs and saves, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pandas import DataFrame

from core.analysis import compression


def history():
    """Two variants, three seeds, two evaluations; the last accuracy of `pruned` is lower by 0.1, 0.2 and 0.3."""
    rows = []
    for variant, loss in (("dense", (0, 0, 0)), ("pruned", (0.1, 0.2, 0.3))):
        for seed in range(3):
            for step, accuracy in ((0, 0.99), (5, 0.9 + seed / 100 - loss[seed])):
                rows.append((variant, seed, f"{variant}{seed}", step, accuracy, 0.8 if variant == "pruned" and step else 0.0))
    return DataFrame(rows, columns=["variant", "seed", "run", "step", "val_accuracy", "sparsity"])


def runs(status="finished"):
    return history().drop_duplicates("run")[["variant", "seed", "run"]].assign(status=status)


def layers():
    """Of `pruned`: 0.5 of hidden1 is zero for one seed and 0.7 for the other, and none of the output."""
    rows = [("pruned", f"r{seed}", step, layer, zeros if step else 0) for seed, first in ((0, 0.5), (1, 0.7)) for step in (0, 3)
            for layer, zeros in (("hidden1", first), ("output", 0.0))]  # fmt: skip
    return DataFrame(rows, columns=["variant", "run", "step", "layer", "sparsity"])


def test_differences_to_the_reference_are_paired_and_of_the_last_value():
    table = compression.outcomes(history(), runs(), "val_accuracy", {"pruned": "dense"}).set_index("variant")
    assert table.loc["pruned", "difference"] == pytest.approx(-0.2)
    half = 0.1 / np.sqrt(3) * 4.302652729911275  # t quantile of 2 degrees
    assert table.loc["pruned", "difference_low"] == pytest.approx(-0.2 - half)
    assert table.loc["pruned", "difference_high"] == pytest.approx(-0.2 + half)
    assert table.loc["dense", "mean"] == pytest.approx(0.91)
    assert np.isnan(table.loc["dense", "difference"])


def test_without_a_reference_there_are_no_differences():
    table = compression.outcomes(history(), runs(), "val_accuracy", {"pruned": "no such variant"})
    assert table["difference"].isna().all()
    assert table["mean"].notna().all()


def test_a_variant_that_diverged_in_every_seed_has_no_mean_and_says_so():
    table = compression.outcomes(history(), runs("diverged"), "val_accuracy", {"pruned": "dense"})
    assert table["mean"].isna().all()
    assert list(table["diverged"]) == [3, 3]


def test_work_is_the_layers_multiplications_by_their_densities():
    table = compression.work(layers(), {"pruned": {"hidden1": 100, "output": 20}}).iloc[0]
    assert table["multiply_adds"] == 120
    assert table["remaining"] == pytest.approx(100 * 0.4 + 20)
    assert table["speed_up"] == pytest.approx(120 / 60)


def test_weights_left_are_those_of_the_end():
    left = compression.weights_left(history())
    assert dict(left) == pytest.approx({"dense": 1.0, "pruned": 0.2})


@pytest.mark.parametrize(("higher", "sign"), [(True, -1), (False, 1)])
def test_the_furthest_is_the_smallest_within_the_tolerance(higher, sign):
    table = DataFrame(
        {
            "family": ["a", "a", "a", "b"],
            "name": ["a 5", "a 8", "a 9", "b 5"],
            "left": [0.5, 0.2, 0.1, 0.5],
            "difference": [sign * x for x in (-0.02, 0.005, 0.2, 0.3)],
        }
    )
    best = compression.furthest(table, 0.01, higher_is_better=higher)
    assert list(best["name"]) == ["a 8"]


def test_tickets_are_the_networks_before_they_were_taken_back():
    before = history().query("variant == 'pruned' and step == 5").assign(epoch=1.0, moment="before rewind")
    after = before.assign(moment="", val_accuracy=0.1)
    (row,) = compression.tickets(DataFrame([*before.to_dict("records"), *after.to_dict("records")]), "val_accuracy").to_dict("records")
    assert (row["variant"], row["epoch"], row["n"]) == ("pruned", 1.0, 3)
    assert row["left"] == pytest.approx(0.2)
    assert row["mean"] == pytest.approx(0.91 - 0.2)
    assert row["high"] - row["mean"] == pytest.approx(before["val_accuracy"].std() / np.sqrt(3) * 4.302652729911275)


def test_each_counterpart_is_told_of_by_its_best_and_the_best_of_all_comes_first():
    ends = {"one": [3.0, 3.2], "two": [2.0, 2.1], "other": [1.0, 1.2], "alone": [4.0, 4.1], "other alone": [1.5, 1.7]}
    rows = [(name, seed, f"{name}-{seed}", 1, "finished", loss) for name, losses in ends.items() for seed, loss in enumerate(losses)]
    history = DataFrame(rows, columns=["variant", "seed", "run", "step", "status", "val_loss"])
    treated = DataFrame({"name": ["one", "two", "other"], "counterpart": ["alone", "alone", "other alone"], "mean": [3.1, 2.05, 1.15]})
    said = compression.verdicts(history, history, treated, "val_loss")
    assert [text.split(" in validation loss")[0] for text in said] == [
        "“other” ends lower than “other alone”",
        "“two” ends lower than alone",
    ]


def test_what_is_measured_at_the_end_is_a_mean_over_runs_and_nothing_left_is_no_ratio():
    runs = DataFrame({"variant": ["a", "a", "b"], "parameters": [10, 10, 10], "nonzero": [4.0, 6.0, 0.0]})
    table = compression.with_ratio(compression.at_ends(runs, ["parameters", "nonzero"]))
    assert list(table["nonzero"]) == [5.0, 0.0]
    assert table["compression"].iloc[0] == 2.0
    assert np.isnan(table["compression"].iloc[1])


def test_a_targets_spread_is_that_of_each_variants_own_data():
    runs = DataFrame({"variant": ["a", "a", "a", "b"], "target_std": [1.0, 3.0, 2.0, 5.0]})
    assert dict(compression.target_spreads(runs)) == {"a": 2.0, "b": 5.0}
