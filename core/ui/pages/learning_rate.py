"""The learning-rate page: the sweep, the schedules, the range test."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis import range_test
from core.analysis.statistics import quoted
from core.charts import schedules as charts
from core.choices.schedules import RangeTest, ScheduleChoice
from core.comparison import Comparison, value_at
from core.engine.sizes import epoch
from core.experiments.learning_rate import EXPERIMENTS, PAGE, START
from core.settings import RunSettings
from core.ui import errors
from core.ui.form import fields, links, numbers, varied
from core.ui.markdown import escaped
from core.ui.results import live, parts, sensitivity, skeleton
from core.ui.results.drawing import chart, figure
from core.ui.results.live import Results
from core.ui.results.sensitivity import Sweep, places
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View, loss_unit

__all__ = ["PAGE", "START", "draw"]

HEADING = "Learning rate"
PATH = "optimizer.lr"

SWEEP_WORDS = Skeleton(
    PAGE,
    "One click trains every optimizer with every rate, all of them at once as one stack.",
    look="An update is `w ← w − lr · direction`. **What to look at:** a rate that is too small has not converged when the epochs are "
    "over, and one that is too large "
    "overshoots or diverges; between them lies a basin, whose width matters as much as its depth.",
)
TEST_WORDS = Skeleton(
    f"{PAGE}.test",
    "One run for each seed and optimizer, some hundred updates long.",
    look="One run, all rates: `lr` is multiplied by the same factor after every update. **What to look at:** the loss first stays "
    "constant, then "
    "falls, then diverges. The rate at which it falls fastest (◆), or a tenth of the rate at which it is lowest, is a good first guess; "
    "the "
    "sweep decides. These are rules of thumb from few updates: at each rate the network was already trained with all smaller ones.",
)

DRAWN_POINTS = 240
TEST_UPDATES, TEST_LOOKS, TEST_SEEDS = 160, 80, 3
"""Of a range test: the fewest updates, the fewest evaluations, and the most seeds."""


def draw(comparison: Comparison) -> None:
    """The three parts of the page; only the open part is drawn."""
    st.title(HEADING, anchor=False)
    drawers = {
        "Sweep": lambda: live.show(comparison, draw_sweep),
        "Schedules": lambda: draw_schedules(comparison.base),
        "Range test": lambda: _show_range_test(comparison),
    }
    parts.tabs(f"{PAGE}.part", drawers)


@errors.shown("There is no range test of these settings")
def _show_range_test(comparison: Comparison) -> None:
    live.show(tested(comparison), draw_range_test)


def draw_sweep(results: Results) -> None:
    """The final metric against the learning rate."""
    rates = places(results.comparison, PATH)
    if rates.empty:
        st.markdown(SWEEP_WORDS.look)
        st.info("No variant here has a learning rate. In the sidebar, choose an optimizer that has one, and let optimizer.lr vary.")
    elif skeleton.opened(SWEEP_WORDS, results):
        sensitivity.draw(PAGE, results, Sweep("learning rate", "optimizer or variant", rates))
    _others()


def _others() -> None:
    """Links to the other sweeps of this page."""
    st.subheader("Other sweeps", anchor=False)
    grid = st.grid(3, min_column_width=260, gap="small")
    for sweep in EXPERIMENTS:
        with grid.cell(), st.container(border=True, height="stretch", gap="xxsmall"):
            query = links.query_for(PAGE, sweep.comparison, START)
            st.page_link("pages/learning_rate.py", label=f"**{escaped(sweep.title)}**", query_params=query)
            st.caption(escaped(sweep.look))


def draw_schedules(base: RunSettings) -> None:
    """Every kind of schedule as a curve; the chosen one has its settings."""
    st.markdown(
        "A schedule multiplies the learning rate by a factor that depends only on the update. **What to look at:** when the rate falls, "
        "and how far. Large updates find the valley, and small updates its minimum. The kind chosen in the sidebar is highlighted and has "
        "its settings; "
        "all others have their defaults. *plateau* (dashed) falls when a run's validation loss stops falling, which cannot be drawn in "
        "advance."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        epochs = numbers.integer(
            "Epochs drawn",
            1,
            1_000,
            20,
            key=f"{PAGE}.epochs_drawn",
            bind="query-params",
            width=150,
            help="Number of epochs in the picture.",
        )
        warmup = st.number_input(
            "Warmup (epochs)",
            0.0,
            100.0,
            float(base.schedule.warmup),
            0.5,
            key=f"{PAGE}.warmup_drawn",
            bind="query-params",
            width=170,
            help="A linear rise to the full rate, before the schedule begins. Adaptive optimizers then have better averages of the "
            "gradient "
            "before they make large updates. Training uses the warmup of the schedule in the sidebar.",
        )
    frame = drawn(base, epochs, float(warmup))
    grid = st.grid(4, min_column_width=220, gap="small")
    for name, rows in frame.groupby("schedule", sort=False):
        with grid.cell():
            figure(f"{PAGE}.shape.{name}", charts.shape(rows, name=str(name), chosen=name == base.schedule.kind), stretch=True)
    with st.expander("Every value", type="compact"):
        st.dataframe(
            frame.pivot_table(index="epoch", columns="schedule", values="lr", sort=False),
            placeholder="–",
            alt="The learning rate of each schedule",
        )
    query = links.query_for("compare", trained_side_by_side(base))
    st.page_link(links.COMPARE, label="Train with these schedules, in the workbench", icon=":material/open_in_new:", query_params=query)


def drawn(base: RunSettings, epochs: int, warmup: float) -> DataFrame:
    """schedule, epoch, lr, watches: every kind of schedule over the epochs, with the given warmup; the chosen kind has its settings."""
    steps = epoch(base).updates
    total, lr = epochs * steps, value_at(base, PATH) or 1.0
    shown = range(0, total, max(1, total // DRAWN_POINTS))
    rows = []
    for kind, cls in fields.kinds(RunSettings, "schedule").items():
        begin = base.schedule if isinstance(base.schedule, cls) else cls()
        assert isinstance(begin, ScheduleChoice)
        schedule = begin.model_copy(update={"warmup": warmup} if warmup or begin is base.schedule else {})
        rows += [(kind, step / steps, lr * schedule.factor(step, steps, total), schedule.watches) for step in shown]
    return DataFrame(rows, columns=["schedule", "epoch", "lr", "watches"])


def trained_side_by_side(base: RunSettings) -> Comparison:
    """The base with every kind of schedule that is meant for training."""
    kinds = [kind for kind, cls in fields.kinds(RunSettings, "schedule").items() if cls is not RangeTest]
    if not base.data.validation_fraction:
        kinds.remove("plateau")
    return Comparison.load({"base": base, "vary": {"schedule": kinds}, "seeds": 3})


def tested(comparison: Comparison) -> Comparison:
    """The range test of a comparison: for each of its curves, runs whose rate rises from 1e-5 to 10, with evaluations all along.

    Raises SettingsError if no variant has a learning rate.
    """
    base, first = comparison.base, dict(reversed(comparison.members))
    curves = places(comparison, PATH).drop_duplicates("curve")
    variants = [{"name": curve, **_overrides(base, first[name])} for curve, name in zip(curves["curve"], curves["variant"], strict=True)]
    return Comparison.load({"base": base, "variants": variants, "seeds": comparison.seed_list[:TEST_SEEDS]})


def _overrides(base: RunSettings, run: RunSettings) -> dict[str, object]:
    steps = epoch(run).updates
    epochs = max(2, math.ceil(TEST_UPDATES / steps))
    schedule = run.schedule if isinstance(run.schedule, RangeTest) else RangeTest(first=1e-5, last=10.0)
    every = max(1, epochs * steps // TEST_LOOKS)
    own = {path: value for path, value in varied.differences(base, run).items() if not path.startswith(("optimizer", "schedule"))}
    whole = {"optimizer": run.optimizer.model_copy(update={"lr": 1.0}).model_dump(), "schedule": schedule.model_dump()}
    return own | whole | {"stopping": "none", "pruning": "none", "training.epochs": epochs, "training.evaluate_every": every}


def draw_range_test(results: Results) -> None:
    """The loss against a rising rate, and the rates that it suggests."""
    if not skeleton.opened(TEST_WORDS, results):
        return
    metric = results.once("range metric", lambda: range_test.measured_loss(results.history))
    curve = results.once("range curve", lambda: range_test.curve(results.history, metric), sensitivity.PATIENCE)
    read = results.once("range readings", lambda: range_test.readings(curve), sensitivity.PATIENCE)
    chart(
        results,
        f"{PAGE}.test.curve",
        charts.range_test,
        curve,
        read,
        stretch=True,
        patience=2.0,
        metric=metric,
        top=range_test.top(curve),
        loss=loss_unit(results),
    )
    _suggested(read)
    skeleton.finish(f"{PAGE}.test", results, View(metric))


def _suggested(read: DataFrame) -> None:
    number = st.column_config.NumberColumn
    columns = {
        "variant": st.column_config.TextColumn("Optimizer or variant", pinned=True),
        "n": number("Seeds"),
        "steepest": number("Falls fastest at", format="%.2g", help="Steepest fall per decade of lr, over 5 evaluations: a first guess."),
        "lowest": number("Lowest at", format="%.2g", help="The rate at the lowest loss: already too large for long training."),
        "tenth": number("A tenth of that", format="%.2g", help="The second rule of thumb: a tenth of the rate at the lowest loss."),
        "blown_up": number(
            "Blown up at", format="%.2g", help="First rate at which the loss is above 1.5 times the first loss. Empty: there is none."
        ),
    }
    shown = read[[name for name in columns if name in read]]
    st.dataframe(
        shown, key=f"{PAGE}.test.read", hide_index=True, column_config=columns, placeholder="–", alt="What the range test suggests"
    )
    nothing = ", ".join(quoted(str(name)) for name in read.loc[pd.isna(read["steepest"]), "variant"])
    if nothing:
        st.caption(f"For {escaped(nothing)} no fall was found: the loss did not decrease while the rate rose.")
