"""The page of early stopping: one run that overfits, where each rule stops it, and the results of rules that were used in training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis import findings, metrics
from core.analysis.findings import Finding
from core.analysis.shown import stopping
from core.analysis.statistics import leading_verdict, quoted
from core.charts import early_stopping as charts
from core.charts.results import pairs
from core.choices.stopping import NoStopping, StoppingChoice, Watched
from core.comparison import Comparison
from core.experiments.early_stopping import PAGE, START
from core.labs.regularization import stopping_replay
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.results import overview, skeleton, table
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.overview import seed_choice
from core.ui.results.skeleton import Skeleton
from core.ui.results.view import View, column, in_words, loss_unit, named_in_link

__all__ = ["PAGE", "START", "draw"]

OF_THE_WEIGHTS = "For the final weights of the runs: the last ones, or the best ones if they are restored. Mean over seeds."
REPLAYED = "Where the same rule stops runs with the same settings but no rule. Both must be equal. A dash: the comparison has no such runs."
VIEWS = {metric: View(metric=metric) for metric in get_args(Watched)}

WORDS = Skeleton(
    PAGE,
    "It is trained to the end without a rule, and once with each rule. You will see where each rule stops on the same curve, and its "
    "score on test data that no rule has seen.",
    heading="Early stopping",
    look=":small[**What to look at:** the training curve (dashed) keeps improving after the validation curve has turned. A rule sees "
    "only the validation curve up "
    "to now, so it stops late, by as many evaluations as it waits; if the best weights are restored, waiting loses nothing. Loss and "
    "accuracy need not turn at the same time: the loss can rise while the accuracy stays, because the network becomes more certain of its "
    "wrong predictions. Let the rules watch each metric, and compare where they stop.]",
    nothing_heading="A network that memorizes wrong labels, and rules that stop it before",
)


def draw(results: Results) -> None:
    """The heading with the buttons; the rules replayed on runs without a rule; and the results of rules used in training."""
    if not skeleton.opened(WORDS, results):
        return
    if results.history["val_loss"].isna().all() and not results.empty:
        st.info("Stopping rules need validation data, but these runs have none. Raise the data's validation fraction in the sidebar.")
        return
    _verdict(results)
    _replays(results)
    _trained(results)
    table.workbench_link(results)


def _verdict(results: Results) -> None:
    """The test result of the best rule compared with training to the end."""
    metric = "test_accuracy" if results.runs["test_accuracy"].notna().any() else "test_loss"

    def make() -> list[Finding | None]:
        by_variant = results.runs.groupby("variant", observed=True)
        values = findings.complete({str(name): group.set_index("seed")[metric] for name, group in by_variant})
        last = _kept(results).groupby(["variant", "seed"], observed=True)[["epoch", "val_loss"]].last()
        means = last.groupby("variant", observed=True).mean()
        epochs, losses = ({str(name): float(mean) for name, mean in means[column].items()} for column in ("epoch", "val_loss"))
        ends = {other for other in results.comparison.counterparts("stopping").values() if other}
        rules = [name for name, other in results.comparison.counterparts("stopping").items() if other and name in values]
        if len(ends) != 1 or not rules:
            return []
        picked = min(rules, key=lambda name: losses[name])  # by validation data: the test data decide nothing
        return [findings.stopped_in_time(values, metric, epochs, ends.pop(), picked)]

    overview.finding(results, "stopped", make, lambda: st.markdown(f"#### {escaped(_leading(results))}"))


def _leading(results: Results) -> str:
    """The best variant against the runner-up, by the weights that their runs ended with."""
    make = lambda: leading_verdict(_kept(results), results.runs, "val_loss", reached=results.reached)  # noqa: E731
    return results.once("verdict on what was kept", make)


def _replays(results: Results) -> None:
    """The rules, set by the sliders, on the runs of one variant."""
    metric, variant, seed = _what(results)
    given = _sliders(metric)
    runs = results.history[results.history["variant"] == variant]
    every = results.once(("replays", variant, tuple(given.items())), lambda: _replayed(runs, metric, given))
    if every.empty:
        st.caption("No curve yet.")
        return
    _curve(results, runs, every, metric, variant, seed)
    _given(results, every, metric, variant, tuple(given.items()))


def _what(results: Results) -> tuple[Watched, str, int]:
    """The metric that the rules watch, and the run on which they are shown."""
    offered = [metric for metric in get_args(Watched) if results.empty or results.history[metric].notna().any()]
    named_in_link(f"{PAGE}.metric", offered)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        metric = segmented_control("The rules watch", offered, "val_loss", format_func=in_words, key=f"{PAGE}.metric")
        names = untouched(results.comparison)
        variant = st.selectbox("On the runs of", names, key=f"{PAGE}.on", bind="query-params", width=220, help="Runs without a rule.")
        seed = seed_choice(f"{PAGE}.run", results)
    return metric, variant, seed


def untouched(comparison: Comparison) -> list[str]:
    """The variants without a rule; if all have one, all variants, and the rules are replayed on their shortened curves."""
    names = [name for name, run in comparison.members if isinstance(run.stopping, NoStopping)]
    return list(dict.fromkeys(names)) or comparison.names


def _sliders(metric: Watched) -> dict[str, Any]:
    """The arguments of `stopping_replay.rules`."""
    loss = metric == "val_loss"
    keys: dict[str, Any] = {"bind": "query-params", "width": 155}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        return {
            "patience": st.slider(
                "Patience",
                1,
                30,
                5,
                key=f"{PAGE}.patience",
                help="patience: evaluations without a new best value before the run stops.",
                **keys,
            ),
            "min_delta": st.slider(
                "min_delta",
                0.0,
                0.1,
                0.0,
                0.005,
                format="%.3f",
                key=f"{PAGE}.min_delta",
                help="patience: gains up to this size do not count.",
                **keys,
            ),
            "evaluations": st.slider(
                "Looks back",
                1,
                20,
                3,
                key=f"{PAGE}.evaluations",
                help="rise, no change, mean change: number of evaluations to look back.",
                **keys,
            ),
            "tolerance": st.slider(
                "Tolerance",
                0.0,
                0.05,
                0.005,
                0.001,
                format="%.3f",
                key=f"{PAGE}.tolerance",
                help="no change: the widest range that counts as no change. mean change: the smallest mean gain with which the run goes "
                "on.",
                **keys,
            ),
            "target": st.slider(
                "Target",
                0.0,
                2.0 if loss else 1.0,
                0.7 if loss else 0.85,
                0.01,
                key=f"{PAGE}.target.{'loss' if loss else 'score'}",
                help="threshold: stops when the loss is this low, or accuracy or F1 this high.",
                **keys,
            ),
        }


def _replayed(runs: DataFrame, metric: Watched, given: Mapping[str, Any]) -> DataFrame:
    return stopping_replay.replayed(runs, stopping_replay.rules(metric, **given))


def _curve(results: Results, runs: DataFrame, every: DataFrame, metric: Watched, variant: str, seed: int) -> None:
    mine = every[every["seed"] == seed]
    stops = mine[mine["stopped"]][["rule", "epoch", "value", "kept_epoch", "kept"]]
    never = list(mine[~mine["stopped"]]["rule"])
    rules = tuple(mine["rule"])
    frame = runs[runs["seed"] == seed]
    about = (variant, seed, tuple(stops.itertuples(index=False, name=None)))
    build = lambda table, points, *, variants, **more: charts.stopping_points(table, points, rules=rules, **more)  # noqa: E731
    chart(results, f"{PAGE}.curve", build, frame, stops, about=about, stretch=True, metric=metric, width=WIDTH)
    said = [f"Rules that do not stop it: {_names(never)}."] if never else []
    said += [
        f"Several rules stop at epoch {epoch:g}: {_names(names)}." for epoch, names in stops.groupby("epoch")["rule"] if len(names) > 1
    ]
    if said:
        st.caption(" ".join(said))


def _names(rules: Iterable[str]) -> str:
    return ", ".join(map(quoted, rules))


def _given(results: Results, every: DataFrame, metric: Watched, variant: str, about: object) -> None:
    """The results that each rule would have given, over the seeds: as a picture and as exact values."""
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    title = metrics.title(metric, loss_unit(results))
    with grid.cell():
        st.markdown(
            "**Result of each rule**", help="Means over seeds with 95 % t intervals, for the last weights and for the best weights."
        )
        values = stopping.as_parts(every)
        key, rules = f"{PAGE}.given", list(dict.fromkeys(every["rule"]))
        told = (variant, about)
        chart(
            results,
            key,
            pairs.pairs,
            values,
            about=told,
            variants=rules,
            stretch=True,
            parts=(stopping.AT_STOP, stopping.KEPT),
            title=title,
            width=WIDTH,
        )
    with grid.cell():
        st.markdown(f"**Exact values: {in_words(metric).lower()} of the last and of the best weights**")
        shown = stopping.summed(every) if metric == "val_loss" else stopping.summed(every, "val_loss", "kept_val_loss")
        columns = _replayed_columns(metric)
        st.dataframe(
            shown,
            hide_index=True,
            key=f"{PAGE}.replayed",
            column_config=columns,
            placeholder="–",
            alt="Result of each rule",
        )
        table.csv_button(f"{PAGE}.download.replayed.csv", "replayed.csv", every, "One row for each rule and seed.")


def _replayed_columns(metric: Watched) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    last, best = "of the last weights, when the rule stops the run", "of the best weights until then, which restore_best restores"
    return {
        "rule": "Rule",
        "stopped": text("Stops", help="Number of seeds that the rule stops."),
        "epochs": text("Ends at epoch", help="Last epoch of each seed, in order."),
        "value": number("Last", format="%.4g", help=f"{in_words(metric)} {last}; mean over seeds."),
        "kept": number("Best", format="%.4g", help=f"{in_words(metric)} {best}; mean over seeds."),
        "val_loss": number("Loss: last", format="%.4g", help=f"Validation loss {last}; mean over seeds."),
        "kept_val_loss": number("Loss: best", format="%.4g", help=f"Validation loss {best}; mean over seeds."),
    }


def _trained(results: Results) -> None:
    """The comparison itself: runs that were stopped by a rule, and the test set, which a replay cannot use."""
    st.subheader("Rules used in training", anchor=False)
    view = VIEWS["val_loss"]
    st.markdown(escaped(_leading(results)), help="Differences are paired by seed; the range in brackets is their 95 % interval.")
    st.caption(
        "Validation and test loss, here and in the table, belong to the final weights of a run: the last ones, or the best ones if "
        "they are restored. The test set is used only once, at the end. The rules are those of the variants in the sidebar, not the "
        "sliders above."
    )
    values = results.once("tests", lambda: stopping.of_test(results.runs))
    if not values.empty:
        title = metrics.title("test_loss", loss_unit(results))
        chart(results, f"{PAGE}.tests", pairs.pairs, values, stretch=True, parts=("test",), title=title, width=WIDTH)
    _trained_table(results)
    table.downloads(PAGE, results, view)


def _kept(results: Results) -> DataFrame:
    """The history up to the final weights of each run."""
    return results.once(
        "kept", lambda: results.as_compared(stopping_replay.up_to_the_weights(results.history, results.comparison.settings))
    )


def _trained_table(results: Results) -> None:
    frame = results.once("trained", lambda: trained(results.comparison, results.history, _kept(results), results.runs))
    loss = loss_unit(results)
    columns: dict[str, Any] = {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "epochs": st.column_config.TextColumn("Ended at epoch", help="Last epoch of each seed, in order."),
        "replayed": st.column_config.TextColumn("Replayed", help=REPLAYED),
        "val_loss": column("val_loss", loss, help=OF_THE_WEIGHTS),
        **{name: column(name, loss) for name in metrics.TESTS},
    }
    frame = frame.dropna(axis="columns", how="all")
    alt = "Results of each trained variant"
    st.dataframe(frame, hide_index=True, key=f"{PAGE}.trained", column_config=columns, placeholder="–", alt=alt)


def trained(comparison: Comparison, history: DataFrame, kept: DataFrame, runs: DataFrame) -> DataFrame:
    """One row for each variant: where its runs ended, where its rule would have stopped its counterpart's runs, and the results.

    `kept` is the history up to the final weights of each run. The counterpart is the same network without a rule.
    """
    against = comparison.counterparts("stopping")
    replayed = {
        name: _replayed_epochs(history[history["variant"] == against.get(name)], run.stopping) for name, run in comparison.settings.items()
    }
    ordered = stopping.ended(history, kept, runs, comparison.names)
    ordered.insert(1, "replayed", pd.Series(replayed).reindex(ordered.index))
    return ordered.rename_axis("variant").reset_index()


def _replayed_epochs(free: DataFrame, rule: Any) -> str:
    if free.empty or not isinstance(rule, StoppingChoice):
        return "–"
    return stopping.listed(stopping_replay.replayed(free, {"": rule})["epoch"])
