"""Statistics of a comparison: a summary for each variant, and differences paired by seed, with their intervals.

Terms: a value is one run's metric, its last or its best one. A run has *ended finite* if it did not diverge and its value is finite.
Means, standard deviations and intervals are over the runs that ended finite, and the number of diverged runs is always given with them.
Intervals are 95 % t intervals over seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pandas import DataFrame, Series

from core.analysis import metrics
from core.analysis.metrics import higher_is_better

At = Literal["last", "best"]

ENDED = ("finished", "stopped", "diverged")
LEVEL = 0.95
POWER = 0.8
MOST_SEEDS = 10_000


def standing(history: DataFrame) -> DataFrame:
    """The history with one row for each run and step: without the rows that show a network before its pruning rewound it."""
    if "moment" not in history or (stands := history["moment"] == "").all():
        return history
    return history[stands]


def t_quantile(degrees: Any) -> Any:
    """Half width of a two-sided 95 % interval in standard errors, for these degrees of freedom (a number or an array)."""
    from scipy.special import stdtrit  # scipy.stats gives the same value, but takes a second to import

    return stdtrit(degrees, 0.5 + LEVEL / 2)


def seed_values(history: DataFrame, runs: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row for each run of `runs`: variant, seed, run, status, `value` and `best`.

    `best` is the best finite value that the run ever reached; `value` is the best or the last one, as `at` says. Both are NaN
    for a run that diverged or has not been measured yet. A run that still trains, or was cancelled, counts with its latest value.
    """
    if at not in ("last", "best"):
        raise ValueError(f"at must be 'last' or 'best', not {at!r}")
    if metric not in (measured := history.select_dtypes("number").columns):
        raise ValueError(f"metric: {metric!r} is not a numeric column of the history; allowed: {', '.join(measured)}")
    best = _best(history, metric)
    value = best if at == "best" else _last(history, metric)
    frame = runs[["variant", "seed", "run", "status"]]
    ended = frame["status"] != "diverged"
    values, bests = (
        frame["run"].map(found).astype(float) for found in (value, best)
    )  # without rows to map from, pandas would return texts
    return frame.assign(value=_finite(values).where(ended), best=bests.where(ended))


def summarise(history: DataFrame, runs: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row for each variant, in the order of `runs`.

    Args:
        history: one row for each run and evaluation; its columns `run`, `step` and the metric are read.
        runs: one row for each run: variant, seed, run, status, the test scores, parameters, nonzero, target_std and the baseline's scores.
        metric: the column of `history` to summarise.
        at: the last value of each run, or the best that it ever reached.

    Returns:
        variant; n (all seeds); diverged (how many of them); counted (how many have a value: not those that diverged, have not begun, or
        were stored before the metric was measured); mean, std, ci_low, ci_high of the metric over these
        (std and interval are NaN below two of them); best (mean over those seeds of each run's best); the test scores,
        parameters and nonzero (means over the same seeds); compression (parameters / nonzero); target_std, `baseline` (the score of a
        constant prediction in the metric; NaN for a metric on the training data) and baseline_test_*. The baseline has columns instead of
        a row, because each variant may have its own data, and because a row would look like a trained variant.
    """
    values = seed_values(history, runs, metric, at)
    diverged = values["status"] == "diverged"
    measured = runs.reindex(columns=[*metrics.TESTS, "nonzero"]).astype(float).where(~diverged)
    frame = values.assign(diverged=diverged, parameters=runs["parameters"], **measured, **_of_the_data(runs, metric))
    groups = frame.groupby("variant", sort=False)
    summary = DataFrame({"n": groups.size(), "diverged": groups["diverged"].sum()})
    summary["counted"] = groups["value"].count()
    summary[["mean", "std"]] = groups["value"].agg(["mean", "std"])
    half = half_width(summary["std"], summary["counted"])
    summary["ci_low"], summary["ci_high"] = summary["mean"] - half, summary["mean"] + half
    scores = ["best", *metrics.TESTS]
    summary[scores] = groups[scores].mean()
    summary["parameters"], summary["nonzero"] = groups["parameters"].first(), groups["nonzero"].mean()
    summary["compression"] = summary["parameters"] / summary["nonzero"]
    known = ["baseline", *metrics.OF_THE_DATA]
    summary[known] = groups[known].first()
    return summary.reset_index()


def _of_the_data(runs: DataFrame, metric: str) -> DataFrame:
    """The columns that depend only on the data, also for diverged runs; `baseline` is the one of the metric."""
    names = {name: name for name in metrics.OF_THE_DATA} | {"baseline": f"baseline_{metric}"}
    return DataFrame({name: runs.get(column, Series(math.nan, index=runs.index)).astype(float) for name, column in names.items()})


def mean_interval(values: Sequence[float] | Series) -> tuple[float, float, float]:
    """Mean of the finite values and the two ends of its 95 % t interval; the ends are NaN below two values."""
    finite = _finite(Series(values, dtype=float)).dropna()
    mean = float(finite.mean())
    half = float(half_width(Series([finite.std()]), Series([len(finite)])).iloc[0])
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class PairedDifference:
    """First minus second, over the seeds for which both have a finite value."""

    mean: float
    """NaN without a common seed."""
    low: float
    high: float
    """95 % t interval of the mean difference; NaN below two common seeds."""
    n: int
    """Number of common seeds."""
    effect: float
    """Standardised effect of paired values: mean over standard deviation of the differences (Cohen's d_z)."""
    needed: int | None
    """Seeds needed to tell the two apart with power 0.8, if the difference and its spread are as measured. None if they are told apart
    already, if there is no interval, or if it would take more than 10,000.
    """

    @property
    def told_apart(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def paired_difference(first: Series, second: Series) -> PairedDifference:
    """The mean difference of two variants over their common seeds.

    Args:
        first: values of one variant, indexed by seed; NaN if a seed diverged.
        second: values of the other variant.

    The interval is that of the paired t test (`scipy.stats.ttest_rel`).
    """
    difference = _finite(first.sub(second)).dropna()
    n = len(difference)
    mean, low, high = mean_interval(difference)
    spread = float(difference.std())
    effect = _ratio(mean, spread)
    open_question = n > 1 and low <= 0 <= high
    return PairedDifference(mean, low, high, n, effect, seeds_needed(effect) if open_question else None)


def seeds_needed(effect: float) -> int | None:
    """The fewest seeds with which a two-sided paired t test at 5 % finds the standardised effect with power 0.8.

    None for an effect of 0, and for an effect so small that it would take more than 10,000. The power is that of the
    noncentral t distribution (Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2).
    """
    low, high = 1, MOST_SEEDS
    if not abs(effect) > 0 or _power(effect, high) < POWER:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(effect, middle) >= POWER else (middle, high)
    return high


def _power(effect: float, n: int) -> float:
    from scipy.special import nctdtr

    shift, critical = abs(effect) * math.sqrt(n), t_quantile(n - 1.0)
    if shift - critical > 30:  # power 1, outside the range in which the distribution's series is accurate
        return 1.0
    return float(1 - nctdtr(n - 1, shift, critical))  # the far tail adds less than 1e-4 at any power near 0.8


def _ratio(mean: float, spread: float) -> float:
    if spread > 0:
        return mean / spread
    return math.nan if math.isnan(spread) else math.copysign(math.inf, mean) if mean else 0.0


def sentence(first: str, second: str, difference: PairedDifference, metric: str = "val_loss", at: At = "last") -> str:
    """The difference of two variants in plain English, with its interval and the number of seeds."""
    first, second, name = quoted(first), quoted(second), _metric_in_words(metric, at)
    if difference.n == 0:
        return f"{first} and {second} have no seed in common that ended finite: nothing can be said about {name}"
    if difference.n == 1:
        by = f" by {_number(abs(difference.mean))}" if difference.mean else ""
        return f"{_who_is_where(first, second, difference, at)} in {name}{by} at the one seed they share; a single seed gives no interval"
    if not difference.told_apart:
        return f"{first} and {second} cannot be told apart in {name} at {_seeds(difference.n)}{_prospect(difference)}"
    size, low, high = figures(abs(difference.mean), *sorted((abs(difference.low), abs(difference.high))))
    return f"{_who_is_where(first, second, difference, at)} in {name}: by {size} ({low} to {high}, {_seeds(difference.n)})"


_READ_AS_OURS = frozenset(
    "all and any another best both by each either every few five four in is it itself last less lower higher many more most neither no "
    "nobody none nor not nothing of one or other others same seed seeds some than that the these this those three to two with without "
    "worst".split()
)
"""Words in a variant's name that could be read as part of the sentence around it."""


def quoted(name: str) -> str:
    """The name as written in a sentence: in quotes if it could be misread, for a comma or for a word of the sentence
    itself, like "none".
    """
    misread = any(sign in name for sign in ",;:()") or not _READ_AS_OURS.isdisjoint(name.casefold().split())
    return f"“{name}”" if misread else name


def _who_is_where(first: str, second: str, difference: PairedDifference, at: At) -> str:
    verb = "ends" if at == "last" else "reaches"
    if difference.mean == 0:
        return f"{first} {verb} level with {second}"
    return f"{first} {verb} {'lower' if difference.mean < 0 else 'higher'} than {second}"


def _prospect(difference: PairedDifference) -> str:
    if difference.effect == 0:
        return ": they are exactly equal" if difference.low == difference.high else ""
    size, low, high = figures(difference.mean, difference.low, difference.high)
    needed = f"about {difference.needed:,}" if difference.needed else f"more than {MOST_SEEDS:,}"
    return f" (difference {size}, {low} to {high}); {needed} would be needed"


def leading_verdict(history: DataFrame, runs: DataFrame, metric: str = "val_loss", at: At = "last", reached: float | None = None) -> str:
    """The best variant against the second best in one sentence, and which variants had diverged seeds.

    The best is the one with the best mean over the seeds that ended finite. A variant in which at least half of the seeds diverged ranks
    after the others, because its mean is over the lucky seeds only. While runs are training, all are compared at the epoch that each of
    them has reached, so that a run gains nothing by being ahead. `reached` is this epoch if other runs than these are training.
    """
    reached = reached_by_all(history, runs) if reached is None else reached
    history = up_to(history, runs, reached)
    values = seed_values(history, runs, metric, at)
    ranked = _ranked(values, metric)
    by_seed = {name: group.set_index("seed")["value"] for name, group in values.groupby("variant")}
    ended = len(values) > 0 and bool(values["status"].isin(ENDED).all())
    if not ranked:
        name = _metric_in_words(metric, at)
        verdict = _without_a_value(values, name, _undefined(metric)) if ended else f"No value of {name} yet"
    elif len(ranked) == 1:
        verdict = _alone(ranked[0], by_seed[ranked[0]], metric, at)
    else:
        difference = paired_difference(by_seed[ranked[0]], by_seed[ranked[1]])
        verdict = sentence(ranked[0], ranked[1], difference, metric, at)
    so_far = (
        "" if values.empty or (ended and reached is None) else "So far: " if reached is None else f"So far, at epoch {_number(reached)}: "
    )
    return so_far + verdict + divergences(values)


def _without_a_value(values: DataFrame, name: str, undefined: str) -> str:
    """Why no ended run has a value: it diverged, or the metric is not defined here, or it was not measured."""
    if undefined or values["status"].eq("diverged").any():
        return f"No seed of any variant has a finite {name}{undefined}"
    return f"{name[0].upper()}{name[1:]} was not measured in these runs"


def reached_by_all(history: DataFrame, runs: DataFrame) -> float | None:
    """The epoch that every training run has reached, at which all are compared; None if no run is training."""
    going = runs.loc[~runs["status"].isin(ENDED), "run"]
    reached = history.loc[history["run"].isin(going), "epoch"].groupby(history["run"], observed=True).max().min()
    return None if math.isnan(reached) else float(reached)


def up_to(history: DataFrame, runs: DataFrame, reached: float | None) -> DataFrame:
    """The history up to an epoch, or the whole history if it is None. Runs that diverged keep their whole history, with its end."""
    if reached is None:
        return history
    diverged = runs.loc[runs["status"] == "diverged", "run"]
    return history[(history["epoch"] <= reached) | history["run"].isin(diverged)]


def _ranked(values: DataFrame, metric: str) -> list[str]:
    """Variants with a value, best first."""
    groups = values.assign(diverged=values["status"] == "diverged").groupby("variant", sort=False)
    table = groups.agg(mean=("value", "mean"), diverged=("diverged", "mean")).dropna()
    sign = -1 if higher_is_better(metric) else 1
    table = table.assign(unstable=table["diverged"] >= 0.5, rank=sign * table["mean"])
    return list(table.sort_values(["unstable", "rank"], kind="stable").index)


def _alone(name: str, by_seed: Series, metric: str, at: At) -> str:
    finite = by_seed.dropna()
    mean, low, high = mean_interval(finite)
    if len(finite) == 1:
        return f"{quoted(name)}: {_metric_in_words(metric, at)} {_number(mean)}; a single seed gives no interval"
    size, bottom, top = figures(mean, low, high)
    return f"{quoted(name)}: {_metric_in_words(metric, at)} {size} ({bottom} to {top}, {_seeds(len(finite))})"


def divergences(values: DataFrame) -> str:
    """For example "; SGD diverged in 2 of 5 seeds", for each variant with diverged seeds."""
    counts = values["status"].eq("diverged").groupby(values["variant"], sort=False).agg(["sum", "size"])
    said = [f"{quoted(str(name))} diverged in {row['sum']} of {_seeds(row['size'])}" for name, row in counts[counts["sum"] > 0].iterrows()]
    return "; " * bool(said) + "; ".join(said)


def _metric_in_words(metric: str, at: At) -> str:
    name = metrics.name(metric)
    return name if at == "last" else f"best {name}"


def _undefined(metric: str) -> str:
    """Why a metric can have no value although nothing diverged, after a colon; empty if it always has one."""
    row = metrics.find(metric)
    return f": {row.undefined}" if row and row.undefined else ""


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _number(value: float) -> str:
    return f"{value:.3g}"


def figures(value: float, low: float, high: float) -> tuple[str, str, str]:
    """The three numbers with decimals that suit the interval's half width, and with enough that no end is rounded to zero."""
    sizes = [size for size in ((high - low) / 2, abs(low), abs(high)) if size > 0]
    decimals = max(0, -math.floor(math.log10(min(sizes, default=1.0))))
    if decimals > 5 or max(sizes, default=1.0) >= 1e6:
        return three_digits(value), three_digits(low), three_digits(high)
    form = f".{decimals}f"
    return _rounded(value, form), _rounded(low, form), _rounded(high, form)


def three_digits(number: float) -> str:
    """The number in three digits, with an exponent only where it is tiny or huge: `1.00`, `0.0125`, `1230`, `1.02e-06`."""
    rounded = float(f"{number:.2e}")
    if not 1e-4 <= abs(rounded) < 1e6:
        return f"{rounded:.2e}" if rounded else "0"
    return f"{rounded:.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"


def at_most_three_digits(number: float) -> str:
    """The number as people write it: three digits and no zeros after them: `1`, `0.667`, `0.05`, `1230`, `1e-12`, `inf`."""
    return f"{float(f'{number:.3g}'):g}"


def _rounded(value: float, form: str) -> str:
    """The number in that format, without a sign if it rounds to zero."""
    text = format(value, form)
    return text.removeprefix("-") if float(text) == 0 else text


def half_width(std: Series, n: Series) -> Series:
    """From a mean of n values to the end of its 95 % t interval; NaN below two values, and where their spread is beyond all numbers."""
    most = int(n.max()) if len(n) else 0
    quantiles = np.concatenate([[np.nan, np.nan], t_quantile(np.arange(1, most))])
    return std.where(np.isfinite(std)) / np.sqrt(n) * quantiles[n.to_numpy(dtype=int)]


def half_of(table: DataFrame, low: str = "low", high: str = "high") -> Series:
    """Half the width of each row's interval, of which these are the ends."""
    half: Series[float] = (table[high] - table[low]) / 2
    return half


def _finite(values: Series) -> Series:
    return values.where(np.isfinite(values.astype(float)))


def _last(history: DataFrame, metric: str) -> Series:
    """For each run: the metric at the largest step, finite or not."""
    history = standing(history)
    steps = history["step"]
    last = history[steps == steps.groupby(history["run"]).transform("max")]
    return last.drop_duplicates("run", keep="last").set_index("run")[metric].astype(float)


def _best(history: DataFrame, metric: str) -> Series:
    groups = _finite(history[metric]).groupby(history["run"])
    return (groups.max() if higher_is_better(metric) else groups.min()).astype(float)
