"""Statistics of comparisons against scipy and against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.analysis import metrics, statistics


def run_frames(values, *, diverged=(), metric="val_loss", last_status="finished"):
    """History and runs of `values[variant][seed] = (value per evaluation, ...)`; `diverged` names (variant, seed) pairs."""
    history, runs = [], []
    for variant, seeds in values.items():
        for seed, curve in seeds.items():
            run = f"{variant}-{seed}"
            status = "diverged" if (variant, seed) in diverged else last_status
            for step, value in enumerate(curve):
                ending = status if step == len(curve) - 1 else "running"
                history.append(
                    {"variant": variant, "seed": seed, "run": run, "step": step, "epoch": float(step), metric: value, "status": ending}
                )
            size = {"parameters": 100, "nonzero": 50, "test_loss": curve[-1] + 1, "test_accuracy": 0.5}
            runs.append({"variant": variant, "seed": seed, "run": run, "status": status, **size})
    return pd.DataFrame(history), pd.DataFrame(runs)


@pytest.fixture
def two_variants():
    rng = np.random.default_rng(1)
    curves = {name: {seed: rng.normal(level, 0.1, 4) for seed in range(5)} for name, level in (("SGD", 1.0), ("Adam", 0.5))}
    return curves, *run_frames(curves)


def test_the_summary_is_scipys_t_interval_of_the_last_values(two_variants):
    curves, history, runs = two_variants
    summary = statistics.summarise(history, runs).set_index("variant")
    for name in ("SGD", "Adam"):
        last = [curve[-1] for curve in curves[name].values()]
        low, high = stats.t.interval(0.95, 4, np.mean(last), stats.sem(last))
        found = summary.loc[name, ["mean", "std", "ci_low", "ci_high"]].tolist()
        assert found == pytest.approx([np.mean(last), np.std(last, ddof=1), low, high])
        assert summary.loc[name, "best"] == pytest.approx(np.mean([min(curve) for curve in curves[name].values()]))


def test_the_summary_keeps_the_order_of_the_runs_and_its_columns(two_variants):
    _, history, runs = two_variants
    summary = statistics.summarise(history, runs)
    assert summary["variant"].tolist() == ["SGD", "Adam"]
    named = "variant n diverged counted mean std ci_low ci_high best".split()
    sizes = "parameters nonzero compression baseline".split()
    assert list(summary) == [*named, *metrics.TESTS, *sizes, *metrics.OF_THE_DATA]
    assert summary["compression"].tolist() == [2, 2]


def test_best_and_last_differ_and_best_of_an_accuracy_is_its_highest():
    curves = {"A": {0: [0.1, 0.9, 0.6], 1: [0.2, 0.7, 0.4]}}
    history, runs = run_frames(curves, metric="val_accuracy")
    at_last, at_best = (statistics.summarise(history, runs, "val_accuracy", at).iloc[0] for at in ("last", "best"))
    assert (at_last["mean"], at_last["best"], at_best["mean"]) == pytest.approx((0.5, 0.8, 0.8))


def test_the_last_value_is_that_of_the_largest_step_whatever_the_order_of_rows(two_variants):
    _, history, runs = two_variants
    shuffled = history.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(statistics.summarise(shuffled, runs), statistics.summarise(history, runs))


def test_a_diverged_seed_is_counted_and_left_out_of_the_mean_and_of_the_test_scores():
    curves = {"A": {0: [1.0, 0.4], 1: [1.0, 0.6], 2: [1.0, 1e9], 3: [1.0, math.inf]}}
    history, runs = run_frames(curves, diverged={("A", 2), ("A", 3)})
    row = statistics.summarise(history, runs).iloc[0]
    assert (row["n"], row["diverged"]) == (4, 2)
    assert (row["mean"], row["best"], row["test_loss"]) == pytest.approx((0.5, 0.5, 1.5))


def test_a_variant_of_which_every_seed_diverged_keeps_its_row():
    history, runs = run_frames({"A": {0: [1.0, math.nan]}, "B": {0: [1.0, 0.5]}}, diverged={("A", 0)})
    row = statistics.summarise(history, runs).set_index("variant").loc["A"]
    assert (row["n"], row["diverged"], row["parameters"]) == (1, 1, 100)
    assert math.isnan(row["mean"])


def test_one_seed_has_a_mean_and_no_interval():
    row = statistics.summarise(*run_frames({"A": {0: [1.0, 0.5]}})).iloc[0]
    assert row["mean"] == 0.5
    assert row[["std", "ci_low", "ci_high"]].isna().all()


def test_a_run_without_measurements_counts_as_a_seed_without_a_value():
    history, runs = run_frames({"A": {0: [1.0, 0.5], 1: [1.0, 0.7]}})
    row = statistics.summarise(history[history["run"] == "A-0"], runs).iloc[0]
    assert (row["n"], row["mean"]) == (2, 0.5)


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_the_paired_interval_is_that_of_scipys_paired_t_test(n):
    rng = np.random.default_rng(n)
    seeds = rng.permutation(n)
    first, second = pd.Series(rng.normal(0, 1, n)), pd.Series(rng.normal(0.5, 2, n))
    found = statistics.paired_difference(first, second.loc[seeds])  # pairs by seed, not by place
    reference = stats.ttest_rel(first, second)
    interval = reference.confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx(((first - second).mean(), interval.low, interval.high))
    assert found.told_apart == (reference.pvalue < 0.05)
    assert found.effect == pytest.approx(reference.statistic / math.sqrt(n))


def test_only_common_finite_seeds_are_paired():
    first = pd.Series({0: 1.0, 1: 2.0, 2: math.nan, 3: 4.0})
    second = pd.Series({0: 0.5, 1: 1.0, 2: 1.0, 9: 7.0})
    found = statistics.paired_difference(first, second)
    assert (found.n, found.mean) == (2, 0.75)


@pytest.mark.parametrize(("effect", "needed"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10), (-0.5, 34)])
def test_the_seeds_needed_are_those_of_published_power_tables(effect, needed):
    assert statistics.seeds_needed(effect) == needed


def test_the_seeds_needed_are_the_fewest_whose_simulated_power_reaches_80_percent():
    rng = np.random.default_rng(0)
    needed = statistics.seeds_needed(0.9)
    power = {n: (stats.ttest_1samp(rng.normal(0.9, 1, (40_000, n)), 0, axis=1).pvalue < 0.05).mean() for n in (needed - 1, needed)}
    assert power[needed - 1] < 0.8 <= power[needed] + 0.005, power


@pytest.mark.parametrize("effect", [0.0, math.nan, 0.001])
def test_no_number_of_seeds_is_named_for_no_effect_or_a_hopeless_one(effect):
    assert statistics.seeds_needed(effect) is None


def test_an_overwhelming_effect_needs_three_seeds_at_most():
    assert statistics.seeds_needed(1e6) in (2, 3)


def difference(*differences):
    return statistics.paired_difference(pd.Series(differences, dtype=float), pd.Series(0.0, index=range(len(differences))))


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ((-0.10, -0.12, -0.14, -0.09, -0.15), "Adam ends lower than SGD in validation loss: by 0.12 (0.09 to 0.15, 5 seeds)"),
        ((0.10, 0.12, 0.14), "Adam ends higher than SGD in validation loss: by 0.12 (0.07 to 0.17, 3 seeds)"),
        ((-0.2,), "Adam ends lower than SGD in validation loss by 0.2 at the one seed they share; a single seed gives no interval"),
        ((), "Adam and SGD have no seed in common that ended finite: nothing can be said about validation loss"),
        ((0.0, 0.0), "Adam and SGD cannot be told apart in validation loss at 2 seeds: they are exactly equal"),
    ],
)
def test_verdicts_read_as_plain_english(differences, verdict):
    assert statistics.sentence("Adam", "SGD", difference(*differences)) == verdict


def test_an_open_verdict_names_the_seeds_that_would_settle_it():
    found = difference(-0.3, 0.1, -0.2, 0.15, -0.25)
    said = "Adam and SGD cannot be told apart in validation loss at 5 seeds (difference -0.1, -0.4 to 0.2)"
    assert statistics.sentence("Adam", "SGD", found) == f"{said}; about {found.needed} would be needed"
    assert found.needed == statistics.seeds_needed(found.effect) > 5


def test_an_interval_that_leaves_out_zero_never_reads_as_if_it_reached_it():
    found = difference(-0.1, -0.0245, -0.05, -0.045, -0.0185)
    assert found.told_apart
    ends = statistics.sentence("A", "B", found).split("(")[1].split(",")[0].split(" to ")
    assert all(float(end) > 0 for end in ends), ends


@pytest.mark.parametrize(
    "name", ["none", "All", "no norm", "in 3 steps", "itself", "ticket, one shot", "adam, lr=0.1", "a: b", "best (mine)"]
)
def test_a_name_that_could_be_misread_is_quoted(name):
    assert statistics.quoted(name) == f"“{name}”"
    assert statistics.sentence(name, "SGD", difference(-0.1, -0.12, -0.14)).startswith(f"“{name}” ends lower than SGD in")


@pytest.mark.parametrize("name", ["Adam", "lr=0.1", "A", "nonesuch", "batch norm", "magnitude scope=layer", "Threshold 0.7"])
def test_a_plain_name_is_not_quoted(name):
    assert statistics.quoted(name) == name


def test_a_variant_called_none_that_diverged_does_not_read_as_no_seed_did():
    curves = {"none": {0: [0.8], 1: [9.0]}, "batch": {0: [0.5], 1: [0.6]}}
    history, runs = run_frames(curves, diverged={("none", 1)})
    assert statistics.leading_verdict(history, runs).endswith("; “none” diverged in 1 of 2 seeds")


def test_the_leading_verdict_sets_the_best_against_the_runner_up(two_variants):
    curves, history, runs = two_variants
    text = statistics.leading_verdict(history, runs)
    assert text.startswith("Adam ends lower than SGD in validation loss: by 0.")
    assert statistics.leading_verdict(history, runs, at="best").startswith("Adam reaches lower than SGD in best validation loss: by")


def test_higher_is_better_for_an_accuracy():
    rng = np.random.default_rng(0)
    curves = {name: {seed: [level + rng.normal(0, 0.001)] for seed in range(3)} for name, level in (("A", 0.5), ("B", 0.9), ("C", 0.8))}
    history, runs = run_frames(curves, metric="val_accuracy")
    assert statistics.leading_verdict(history, runs, "val_accuracy").startswith("B ends higher than C in validation accuracy: by 0.")


def test_divergence_is_said_and_keeps_a_mostly_diverged_variant_from_leading():
    curves = {
        "lucky": {0: [0.1], 1: [9.0], 2: [9.0]},
        "good": {0: [0.5], 1: [0.51], 2: [0.52]},
        "poor": {0: [0.9], 1: [0.91], 2: [0.93]},
    }
    history, runs = run_frames(curves, diverged={("lucky", 1), ("lucky", 2)})
    text = statistics.leading_verdict(history, runs)
    assert text.startswith("good ends lower than poor")
    assert text.endswith("; lucky diverged in 2 of 3 seeds")


def test_a_single_variant_is_described_by_itself():
    history, runs = run_frames({"A": {0: [0.5], 1: [0.6], 2: [0.7]}})
    assert statistics.leading_verdict(history, runs) == "A: validation loss 0.6 (0.4 to 0.8, 3 seeds)"
    one = run_frames({"A": {0: [0.5]}})
    assert statistics.leading_verdict(*one) == "A: validation loss 0.5; a single seed gives no interval"


def test_an_unfinished_comparison_is_so_far_and_an_empty_one_says_so():
    history, runs = run_frames({"A": {0: [0.5], 1: [0.6]}}, last_status="running")
    assert statistics.leading_verdict(history, runs).startswith("So far, at epoch 0: A: validation loss")
    assert statistics.leading_verdict(history, runs.assign(status="cancelled")).startswith("So far, "), "Run goes on from there"
    assert statistics.leading_verdict(history.iloc[:0], runs) == "So far: No value of validation loss yet"


def test_a_mean_says_of_how_many_seeds_it_is():
    """Of four one diverged, and one was stored before the metric was measured."""
    history, runs = run_frames({"A": {0: [1.0], 1: [2.0], 2: [math.nan], 3: [9.0]}}, diverged={("A", 3)})
    row = statistics.summarise(history, runs).iloc[0]
    assert row[["n", "diverged", "counted"]].tolist() == [4, 1, 2]
    assert row["mean"] == 1.5
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(stats.t.interval(0.95, 1, 1.5, stats.sem([1.0, 2.0])))


def test_variants_on_their_way_are_compared_at_the_epoch_that_all_have_reached():
    """One that is stored to its end is ahead in epochs, and would be said to be better for that alone."""
    history, runs = run_frames({"stored": {0: [0.901, 0.5, 0.1], 1: [0.8, 0.4, 0.001]}, "behind": {0: [0.7], 1: [0.6]}})
    on_its_way = runs.assign(status=runs["status"].where(runs["variant"] == "stored", "running"))
    assert statistics.leading_verdict(history, on_its_way).startswith("So far, at epoch 0: ")
    assert "behind ends lower than stored" in statistics.leading_verdict(history, on_its_way)
    assert statistics.leading_verdict(history, runs).startswith("stored ends lower than behind")
    assert statistics.leading_verdict(history, runs, reached=0.0).startswith("So far, at epoch 0: behind ends lower"), (
        "others are on their way"
    )


def test_what_diverged_is_not_cut_where_the_others_are():
    """Its status stands in its last row."""
    history, runs = run_frames({"A": {0: [3.0, 2.0, 1.0], 1: [3.0, 2.0, 9.0]}}, diverged={("A", 1)})
    cut = statistics.up_to(history, runs, 1.0)
    assert list(cut["val_loss"]) == [3.0, 2.0, 3.0, 2.0, 9.0]
    assert statistics.up_to(history, runs, None) is history


def test_a_metric_that_was_not_measured_is_told_from_one_that_is_not_finite():
    nothing = {"A": {0: [math.nan], 1: [math.nan]}}
    assert statistics.leading_verdict(*run_frames(nothing)) == "Validation loss was not measured in these runs"
    diverged = statistics.leading_verdict(*run_frames(nothing, diverged={("A", 0), ("A", 1)}))
    assert diverged.startswith("No seed of any variant has a finite validation loss")


def test_where_all_seeds_diverged_and_nothing_runs_any_more_no_value_is_waited_for():
    curves = {"A": {0: [9.0]}, "B": {0: [9.0]}}
    history, runs = run_frames(curves, diverged={("A", 0), ("B", 0)})
    text = statistics.leading_verdict(history, runs)
    assert text == "No seed of any variant has a finite validation loss; A diverged in 1 of 1 seed; B diverged in 1 of 1 seed"
    going = runs.assign(status=["diverged", "running"])
    assert "No value of validation loss yet" in statistics.leading_verdict(history.iloc[:0], going)


def test_a_misspelt_at_is_refused(two_variants):
    _, history, runs = two_variants
    with pytest.raises(ValueError, match="'last' or 'best', not 'final'"):
        statistics.summarise(history, runs, at="final")


def test_what_rounds_to_zero_has_no_sign():
    assert statistics.figures(-0.001, -0.08, 0.07) == ("0.00", "-0.08", "0.07")


def test_a_narrow_interval_is_told_in_three_digits_without_an_exponent():
    assert statistics.figures(1.0, 1 - 1e-9, 1 + 1e-9) == ("1.00", "1.00", "1.00")
    assert statistics.figures(0.9996, 0.9994, 0.9998) == ("0.9996", "0.9994", "0.9998")
    assert statistics.figures(2.302585, 2.3025849, 2.3025851) == ("2.30", "2.30", "2.30")
    assert statistics.figures(1.02e-6, 7.78e-7, 1.34e-6) == ("1.02e-06", "7.78e-07", "1.34e-06")


@pytest.mark.parametrize(
    ("number", "fixed", "short"),
    [
        (1.0, "1.00", "1"),
        (2 / 3, "0.667", "0.667"),
        (0.05, "0.0500", "0.05"),
        (0.9996, "1.00", "1"),
        (1234.0, "1230", "1230"),
        (-0.01, "-0.0100", "-0.01"),
        (0.0, "0", "0"),
        (1e-12, "1.00e-12", "1e-12"),
        (3.2e7, "3.20e+07", "3.2e+07"),
    ],
)
def test_a_number_has_three_digits_and_an_exponent_only_where_it_is_tiny_or_huge(number, fixed, short):
    assert statistics.three_digits(number) == fixed
    assert statistics.at_most_three_digits(number) == short
