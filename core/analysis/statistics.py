"""What may be said about a comparison: a row a variant, and differences paired by seed, with their intervals.

Words: a value is one run's metric, its last or its best; a run has *ended finite* when it did not diverge and its value
is finite. Means, spreads and intervals are over the runs that ended finite, and the number that diverged always stands beside them.
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
    """The history with one row a run and step: without those that show a network before its pruning took it back."""
    if "moment" not in history or (stands := history["moment"] == "").all():
        return history
    return history[stands]


def t_quantile(degrees: Any) -> Any:
    """Half width of a two-sided 95 % interval in standard errors, for the given degrees of freedom (a number or an array)."""
    from scipy.special import stdtrit  # scipy.stats would say the same, and takes a second to import

    return stdtrit(degrees, 0.5 + LEVEL / 2)


def seed_values(history: DataFrame, runs: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row a run of `runs`: variant, seed, run, status, `value` and `best`.

    `best` is the best finite value that the run ever reached; `value` is that or the last one, as `at` says. Both are NaN
    for a run that diverged, and for one that has not been measured yet. A run that is still going, or was cancelled, counts with
    its latest value.
    """
    if at not in ("last", "best"):
        raise ValueError(f"at must be 'last' or 'best', not {at!r}")
    if metric not in (measured := history.select_dtypes("number").columns):
        raise ValueError(f"metric: {metric!r} is no column of numbers in the history; there are: {', '.join(measured)}")
    best = _best(history, metric)
    value = best if at == "best" else _last(history, metric)
    frame = runs[["variant", "seed", "run", "status"]]
    ended = frame["status"] != "diverged"
    values, bests = (frame["run"].map(found).astype(float) for found in (value, best))  # without a row to look in, pandas makes texts
    return frame.assign(value=_finite(values).where(ended), best=bests.where(ended))


def summarise(history: DataFrame, runs: DataFrame, metric: str = "val_loss", at: At = "last") -> DataFrame:
    """One row a variant, in the order of `runs`.

    Args:
        history: a row a run and evaluation; its columns `run`, `step` and the metric are read.
        runs: a row a run: variant, seed, run, status, the test scores, parameters, nonzero, target_std and the baseline's scores.
        metric: the column of `history` that is summarised.
        at: the last value of each run, or the best that it ever reached.

    Returns:
        variant; n (all seeds); diverged (how many of them); counted (how many have a value: not those that diverged, have not begun, or
        were stored before the metric was measured); mean, std, ci_low, ci_high of the metric over these
        (std and interval are NaN below two of them); best (mean over those seeds of each run's best); the test scores,
        parameters and nonzero (means over the same seeds); compression (parameters / nonzero); target_std, `baseline` (what always
        saying the same reaches in the metric; NaN for one on the training data) and baseline_test_*. The baseline has columns, not a row:
        each variant may have data of its own, and a row would be taken for a variant that was trained.
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
    """The columns that the data alone decide, those of diverged runs included; `baseline` is that of the metric."""
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
    """Common seeds."""
    effect: float
    """Standardised effect of paired values: mean over standard deviation of the differences (Cohen's d_z)."""
    needed: int | None
    """Seeds that would tell them apart with power 0.8 if the difference and its spread are as seen here; None when they
    are told apart already, when no interval can be given, and when it would take more than 10,000."""

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def paired_difference(first: Series, second: Series) -> PairedDifference:
    """The mean difference of two variants over their common seeds.

    Args:
        first: values of one variant, indexed by seed; NaN where a seed diverged.
        second: the same of the other.

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
    """Fewest seeds for which a two-sided paired t test at 5 % finds the standardised effect with power 0.8.

    None for no effect at all, and for one so small that it would take more than 10,000. The power is that of the
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
    if shift - critical > 30:  # certain, and beyond where the series for the distribution is accurate
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
"""Words of which a name within a sentence could be read as a part of the sentence itself."""


def quoted(name: str) -> str:
    """The name as a sentence has it: in quotes where it could be misread, for a comma or for a word of the sentence's own, like "none"."""
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
    """The best variant against the runner-up in one sentence, and which variants had seeds that diverged.

    The best is the one with the best mean over the seeds that ended finite; a variant that diverged in half of its seeds or
    more comes after those that did not, for its mean is that of the lucky ones. While runs are on their way all are taken at the epoch
    that each of them has reached: one that is ahead is no better for it. `reached` is that epoch where others than these are on their way.
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
    return so_far + verdict + _divergences(values)


def _without_a_value(values: DataFrame, name: str, undefined: str) -> str:
    """Why no run that has ended has a value: it diverged, or the metric is not defined here, or was not measured."""
    if undefined or values["status"].eq("diverged").any():
        return f"No seed of any variant has a finite {name}{undefined}"
    return f"{name[0].upper()}{name[1:]} was not measured in these runs"


def reached_by_all(history: DataFrame, runs: DataFrame) -> float | None:
    """The epoch that every run on its way has reached, at which all are compared; None where none is on its way."""
    going = runs.loc[~runs["status"].isin(ENDED), "run"]
    reached = history.loc[history["run"].isin(going), "epoch"].groupby(history["run"], observed=True).max().min()
    return None if math.isnan(reached) else float(reached)


def up_to(history: DataFrame, runs: DataFrame, reached: float | None) -> DataFrame:
    """The history up to an epoch, and whole where there is none. Runs that diverged keep all of it, and with it what became of them."""
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


def _divergences(values: DataFrame) -> str:
    """Such as "; SGD diverged in 2 of 5 seeds", for each variant in which any did."""
    counts = values["status"].eq("diverged").groupby(values["variant"], sort=False).agg(["sum", "size"])
    said = [f"{quoted(str(name))} diverged in {row['sum']} of {_seeds(row['size'])}" for name, row in counts[counts["sum"] > 0].iterrows()]
    return "; " * bool(said) + "; ".join(said)


def _metric_in_words(metric: str, at: At) -> str:
    name = metrics.name(metric)
    return name if at == "last" else f"best {name}"


def _undefined(metric: str) -> str:
    """Why a metric can be without a value where nothing diverged, after a colon; nothing where it always has one."""
    row = metrics.find(metric)
    return f": {row.undefined}" if row and row.undefined else ""


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _number(value: float) -> str:
    return f"{value:.3g}"


def figures(value: float, low: float, high: float) -> tuple[str, str, str]:
    """The three with as many decimals as the interval's half width deserves, and never so few that an end reads as zero."""
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
    """The number in that form; what rounds to zero has no sign."""
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
    """By run: the metric at the largest step, finite or not."""
    history = standing(history)
    steps = history["step"]
    last = history[steps == steps.groupby(history["run"]).transform("max")]
    return last.drop_duplicates("run", keep="last").set_index("run")[metric].astype(float)


def _best(history: DataFrame, metric: str) -> Series:
    groups = _finite(history[metric]).groupby(history["run"])
    return (groups.max() if higher_is_better(metric) else groups.min()).astype(float)
