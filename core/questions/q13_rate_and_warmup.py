"""Question 13: a learning rate that is too high, too low or acceptable; and warmup."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from core.analysis import claim_measures, intervals
from core.analysis.claims import Above, Below, Inside
from core.charts.answer_lines import lines
from core.charts.parts.specs import Picture
from core.charts.results import curves
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import mean, of, sides
from core.questions.question import Figure, Option, Question, Turn

WARMUP = {0: "no warmup", 1: "warmup"}
STEEP, HE = "start too large", "He initialization"
RATES = {STEEP: (0.11, 0.15, 0.21), HE: tuple(float(f"{0.15 * 1.4**step:.3g}") for step in range(7))}
INITS: dict[str, Any] = {STEEP: {"kind": "he", "gain": 2.2}, HE: "he"}
THREE = {"too low: 0.001": 0.001, "acceptable: 0.1": 0.1, "too high: 5": 5.0}
LOW, GOOD, HIGH = THREE
MODEL: dict[str, Any] = {"kind": "mlp", "width": 64, "depth": 6}
EPOCHS = {"epochs": 8}


def three() -> Comparison:
    """The default network at three rates, measured often: too high a rate shows within the first epoch."""
    variants = [{"name": name, "optimizer.lr": rate} for name, rate in THREE.items()]
    return Comparison.load(
        {"base": {"optimizer": {"kind": "sgd"}, "training": {**EPOCHS, "evaluate_every": 4}}, "variants": variants, "seeds": 8}
    )


def name(rate: float, warmup: int) -> str:
    """The variant's name."""
    return f"{WARMUP[warmup]}, lr={rate:g}"


def rates(start: str, longest: int = 1, **changes: Any) -> Comparison:
    """Rates with and without warmup, from one start."""
    base = {"model": MODEL | {"init": INITS[start]}, "optimizer": {"kind": "sgd"}, "training": EPOCHS} | changes
    variants = [
        {"name": name(rate, warmup), "optimizer.lr": rate, "schedule.warmup": warmup * longest}
        for warmup in WARMUP
        for rate in RATES[start]
    ]
    return Comparison.load({"base": base, "variants": variants, "seeds": 8})


def trained(evidence: Evidence, start: str, warmup: int) -> DataFrame:
    """Whether it trains, a row a seed and a column a rate."""
    found = claim_measures.trains(evidence[start].history, 0.9)
    return DataFrame({rate: of(found, name(rate, warmup)) for rate in RATES[start]})


def share_that_trains(evidence: Evidence) -> tuple[Series, Series]:
    """The share of the three rates that train from the start that is too large: with warmup, without."""
    with_warmup, without = (trained(evidence, STEEP, warmup).mean(axis=1) for warmup in (1, 0))
    return with_warmup, without


def highest(evidence: Evidence) -> tuple[Series, Series]:
    """The highest rate that trains from He initialization: with warmup, without; 0 where none does."""
    with_warmup, without = (
        (found * found.columns).max(axis=1).astype(float) for found in (trained(evidence, HE, warmup) for warmup in (1, 0))
    )
    return with_warmup, without


def too_high(evidence: Evidence) -> Series:
    """By seed, whether a rate of 5 trains."""
    return of(claim_measures.trains(evidence["three"].history, 0.9), HIGH).astype(float)


def headline(evidence: Evidence) -> str:
    """What warmup does to either start."""
    (one, none), (with_warmup, without) = share_that_trains(evidence), highest(evidence)
    return (
        f"From a start that is too large, {24 * mean(none):.0f} of 24 runs train without warmup and {24 * mean(one):.0f} with it. "
        f"From He initialization the highest rate that trains is {mean(without):.2f} without and {mean(with_warmup):.2f} with it."
    )


def shares(evidence: Evidence) -> DataFrame:
    """The share of seeds that train, for the picture: variant, lr, mean, low, high, n."""
    rows = []
    for start, tried in RATES.items():
        for warmup, said in WARMUP.items():
            found = trained(evidence, start, warmup)
            for rate in tried:
                value, low, high, n, _ = intervals.share(found[rate])
                rows.append({"variant": f"{start}, {said}", "lr": rate, "mean": value, "low": low, "high": high, "n": n})
    return pd.DataFrame(rows)


def picture(evidence: Evidence) -> Picture:
    """The share of seeds that train against the rate."""
    variants = [f"{start}, {said}" for start in RATES for said in WARMUP.values()]
    return lines(
        shares(evidence), variants=variants, x="lr", x_title="learning rate (logarithmic)", x_scale="log",
        y_title="seeds that reach 90 % training accuracy (share)",
    )  # fmt: skip


def looks(evidence: Evidence) -> Picture:
    """The training loss at a rate that is too low, acceptable, too high."""
    return curves.loss_curves(evidence["three"].history, variants=list(THREE), metric="train_loss_eval", x="step", log_y=True, width=800)


def schedule(evidence: Evidence) -> Picture:
    """The rate over the epochs, with warmup and without."""
    rate = RATES[STEEP][1]
    names = {name(rate, warmup): said for warmup, said in WARMUP.items()}
    history = evidence[STEEP].history
    shown = history[history["variant"].isin(list(names))].groupby(["variant", "epoch"], observed=True)["lr"].first().reset_index()
    shown = shown.assign(variant=shown["variant"].map(names)).rename(columns={"lr": "mean"})
    return lines(shown, variants=list(WARMUP.values()), x="epoch", x_title="epochs", y_title="learning rate", height=160)


QUESTION = Question(
    id="13",
    text="A learning rate that is too high, too low, acceptable: how do they look, and what does warmup do?",
    terms=("learning rate", "warm-up", "warmup", "divergence", "too high", "too low"),
    topic="optimization",
    premise="In the first epoch the learning rate rises from nearly 0 to its full value: warmup. "
    "A deep network is trained with SGD at ever higher rates, with warmup and without.",
    ask="Does warmup make higher rates train?",
    options=(
        Option(
            "Yes, always",
            "From He initialization the highest rate that trains is about the same with warmup and without.",
            belief="That is what warmup is for.",
        ),
        Option(
            "Only where the start is steeper than what follows",
            "Warmup carries it past the start; elsewhere it changes little.",
            right=True,
            belief="It helps where the beginning is the problem.",
        ),
        Option(
            "No: the rate is too high, sooner or later",
            "From weights that are too large the loss is steep only at first.",
            belief="What is unstable later is not helped by a slow start.",
        ),
    ),
    experiments={"three": three(), STEEP: rates(STEEP), HE: rates(HE)},
    claims=(
        Claim("share of three rates that train from a start too large, warmup minus none", "difference", Above(0.2), share_that_trains),
        Claim("highest rate that trains from He initialization, warmup divided by none", "ratio", Inside(1 / 1.5, 1.5), highest),
        Claim("training loss, rate 0.1 divided by rate 0.001", "ratio", Below(0.2), sides("three", "train_loss_eval", GOOD, LOW)),
        Claim("seeds that train at a rate of 5", "count", Below(0.0), too_high),
    ),
    headline=headline,
    picture=picture,
    figures=(
        Figure(
            "How the three look: the training loss at a rate that is too low, acceptable, too high. A cross: the loss is no longer finite.",
            looks,
        ),
        Figure("The learning rate with warmup of one epoch, and without.", schedule),
    ),
    formula=r"\eta_t = \eta\, \min\left(1, \frac{t}{W}\right)",
    answer=(
        "At a rate that is too low the loss falls slowly and in a smooth line. At an acceptable one it falls fast and then levels off. At "
        "one that is too high it jumps, stays where guessing is, or becomes NaN. The limit is set by the curvature: steps are stable below "
        "two over the largest one. Warmup raises the rate from 0 to η over the first W updates t, so it starts with small steps, while the "
        "curvature may be largest, and so allows a rate that the start alone would not bear. Where the start is well scaled there is "
        "nothing to gain, and that is the usual case for a small network. In large ones with Adam warmup also covers the time in which "
        "Adam's averages know only a few gradients."
    ),
    usual="Warmup is often said to allow higher rates in general. Here it does so only from a start that is too large.",
    page="pages/learning_rate.py",
    turns=(
        Turn("Warmup of three epochs", "Does a longer one help more?", rates(STEEP, 3)),
        Turn("Batch norm", "Is the start still too large?", rates(STEEP, model=MODEL | {"init": INITS[STEEP], "normalization": "batch"})),
    ),
    sources=("Goyal et al. 2017, arXiv:1706.02677", "Gilmer et al. 2021, arXiv:2110.04369"),
)
