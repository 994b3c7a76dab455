"""Distillation: teacher, student alone and taught student; soft targets of single examples; sizes and speeds."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pandas import DataFrame

from core.analysis import compression as analysis
from core.analysis import findings, metrics
from core.analysis.findings import Finding
from core.analysis.metrics import higher_is_better
from core.analysis.statistics import quoted
from core.charts import compression as charts
from core.charts.parts import palette
from core.choices.distillation import NoDistillation
from core.comparison import Comparison
from core.experiments.distillation import EXPERIMENTS, PAGE, START
from core.settings import RunSettings
from core.ui import errors
from core.ui.form.picking import segmented_control
from core.ui.markdown import escaped
from core.ui.pages.distillation import methods, soft_targets
from core.ui.pages.distillation.students import (
    ALONE,
    TAUGHT,
    TEACHER,
    families_in_order,
    in_panels,
    points_of,
    roles,
    teachers_of,
)
from core.ui.results import compression, overview, skeleton, view
from core.ui.results.compression import number
from core.ui.results.drawing import WIDTH, chart
from core.ui.results.live import Results
from core.ui.results.overview import seed_choice
from core.ui.results.skeleton import Skeleton

__all__ = ["PAGE", "START", "draw", "with_teacher"]

PATIENCE = 2.0
MOST_VERDICTS = 4
"""The most sentences, one for each student; the others are in the table."""

CONVENTION = (
    "The weight w belongs to the soft targets (some papers put it on the labels); the factor T² is included, so that their gradient "
    "keeps its "
    "size if T grows; KL is summed over the classes and averaged over the batch (batchmean). The teacher is trained by Adam with lr 0.001."
)

WORDS = Skeleton(
    PAGE,
    "Every variant is trained with every seed, from the same start; the results appear here.",
    heading="Distillation",
    look=r"""
A network (the **teacher**, usually a larger one, trained with all labels) is trained first; the **student** then learns from its
probabilities as well as from the labels: $(1-w)\,\mathrm{CE}(y, p) + w\,T^2\,\mathrm{KL}(p^{\text{teacher}}_T \,\|\, p_T)$ with
$p_T = \mathrm{softmax}(z/T)$. Compare the **student alone** with the taught ones for few labels: soft targets need no labels,
so the student also learns from unlabelled examples. If all labels are known, there is little to gain.
""",
    note=CONVENTION,
    waits=True,
    path="pages/distillation.py",
    experiments=EXPERIMENTS,
)


def with_teacher(asked: Comparison) -> Comparison:
    """The comparison with its teachers and with the untaught students that serve as references."""
    return compression.with_references(asked, {TEACHER: _teacher, ALONE: _alone})


def _teacher(run: RunSettings) -> RunSettings | None:
    """The first of a run's teachers, with the seed of the run."""
    return run.teachers[0] if run.teachers else None


def _alone(run: RunSettings) -> RunSettings | None:
    return compression.changed(run, distillation=NoDistillation()) if run.teachers else None


def draw(results: Results) -> None:
    """The whole page below its form."""
    if not skeleton.opened(WORDS, results):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = compression.metric_choice(PAGE, results)
        share = _share(results)
        seed = seed_choice(f"{PAGE}.shown_seed", results)
    points = results.once(("points", metric), lambda: points_of(results, metric), PATIENCE)
    _verdict(results, points, metric, share)
    _pictures(results, points, metric, share)
    _tabs(results, points, metric, share, seed)
    _table(results, points, metric)
    compression.note(CONVENTION)
    skeleton.finish(PAGE, results, view.View(metric))


def _share(results: Results) -> float:
    """The share of labels that the verdict, the squares and the curves show."""
    shares = _shares(results)
    if not shares:
        return 1.0
    chosen = segmented_control(
        "With labels for",
        shares,
        shares[0],
        format_func=lambda share: f"{share:.3g}",
        key=f"{PAGE}.share",
        help="Share of the training examples whose labels the student may use; the verdict and the pictures below show this share.",
    )
    return float(chosen)


def _shares(results: Results) -> list[float]:
    """The shares of labels that the students have."""
    role = roles(results.comparison)
    return sorted({run.training.labelled for name, run in results.comparison.settings.items() if role[name] != TEACHER})


def _verdict(results: Results, points: DataFrame, metric: str, share: float) -> None:
    """The best taught student against the same student alone; with several students one sentence for each, the best one first."""
    here = points[(points["labelled"] == share) & points["mean"].notna() & (points["role"] == TAUGHT) & (points["counterpart"] != "")]
    make = lambda: _gaps(results, here, metric)[:MOST_VERDICTS]  # noqa: E731
    overview.finding(results, ("gaps", metric, share), make, lambda: _students(results, here, metric, share))
    _picked(here, metric)


def _gaps(results: Results, here: DataFrame, metric: str) -> list[Finding | None]:
    """For each student, how far the best of those that are taught closes the gap to the teacher."""
    ranked = here.sort_values("mean", ascending=not higher_is_better(metric), kind="stable").drop_duplicates("counterpart")
    values, teachers = findings.by_seed(results.history, results.runs, metric), teachers_of(results.comparison)
    pairs = zip(ranked["name"], ranked["counterpart"], strict=True)
    return [findings.gap_closed(values, metric, name, alone, teachers.get(name, "")) for name, alone in pairs]


def _students(results: Results, here: DataFrame, metric: str, share: float) -> None:
    said = results.once(
        ("verdicts", metric, share), lambda: analysis.verdicts(results.as_compared(results.history), results.runs, here, metric), PATIENCE
    )
    so_far = "" if results.reached is None else f"So far, at epoch {results.reached:.3g}: "
    for index, text in enumerate(said[:MOST_VERDICTS]):
        about = "Differences are paired by seed; the range in brackets is the 95 % interval."
        st.markdown(f"{'#####' if index else '####'} {escaped(so_far + text)}", help=about)
    if len(said) > MOST_VERDICTS:
        compression.note(f"{len(said) - MOST_VERDICTS} more students are in the table, each compared with itself alone.")


def _picked(here: DataFrame, metric: str) -> None:
    """A note that this is the best of several settings, with the value of the worst one."""
    taught = here[here["counterpart"] == here["counterpart"].iloc[0]] if len(here) else here
    if len(taught) > 1:
        worst = here["mean"].min() if higher_is_better(metric) else here["mean"].max()
        each = " of each student" if here["counterpart"].nunique() > 1 else ""
        compression.note(
            f"This is the best of {len(taught)} settings{each}, chosen on the validation data, so its value is slightly too good. The "
            "worst of "
            f"them has a {metrics.name(metric)} of {worst:.3g}. The test accuracy in the table was not used for this choice."
        )


def _pictures(results: Results, points: DataFrame, metric: str, share: float) -> None:
    """Quality by variant, or along the share of labels if it varies; and by temperature and weight if these vary."""
    if TAUGHT not in roles(results.comparison).values():
        st.info("No variant here has a teacher. Choose a kind of distillation in the sidebar.")
    squares = methods.crossed(results.comparison, points, share)
    grid = st.grid(1 if squares.empty else 2, min_column_width=WIDTH, gap="small")
    with grid.cell():
        if len(_shares(results)) > 1:
            _along_labels(results, points, metric)
        else:
            _by_variant(results, points, metric)
    if not squares.empty:
        with grid.cell():
            _crossed(results, squares, metric, share)


def _along_labels(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("How many labels are needed", anchor=False)
    measured = points[points["mean"].notna()]
    chart(
        results,
        f"{PAGE}.labels",
        charts.trade_off,
        measured[measured["role"] != TEACHER],
        in_panels(measured, teachers_of(results.comparison)),
        about=metric,
        variants=families_in_order(results),
        stretch=True,
        patience=PATIENCE,
        x="labelled",
        x_title="share of examples with a label (logarithmic)",
        y_title=metrics.title(metric, view.loss_unit(results)),
        width=WIDTH,
    )
    st.caption(escaped(f"Means over seeds with 95 % bands{_about_teachers(results, 'dashed')}."))


def _by_variant(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Taught and alone", anchor=False)
    taught, teachers = points[points["role"] != TEACHER], points[points["role"] == TEACHER]
    chart(
        results,
        f"{PAGE}.variants",
        charts.by_variant,
        taught,
        teachers,
        about=metric,
        variants=families_in_order(results),
        stretch=True,
        patience=PATIENCE,
        title=metrics.title(metric, view.loss_unit(results)),
        width=2 * WIDTH,
    )
    st.caption(escaped(f"Means over seeds with 95 % intervals{_about_teachers(results, 'below')}."))


def _about_teachers(results: Results, where: str) -> str:
    """The end of a sentence that describes the teachers and their sizes beside the students'; empty if there are none."""
    role, sizes = roles(results.comparison), results.runs.groupby("variant", sort=False, observed=True)["parameters"].first().dropna()
    teachers = [f"{quoted(str(name))} {size:,.0f}" for name, size in sizes.items() if role[str(name)] == TEACHER]
    students = dict.fromkeys(f"{size:,.0f}" for name, size in sizes.items() if role[str(name)] != TEACHER)
    if not teachers:
        return ""
    known = f"; {where}: the teachers of the students, which know all labels"
    return f"{known}. Parameters: {', '.join(teachers)}; students {', '.join(students)}"


def _crossed(results: Results, squares: DataFrame, metric: str, share: float) -> None:
    st.subheader("Temperature and weight", anchor=False)
    chart(
        results,
        f"{PAGE}.squares",
        charts.squares,
        squares,
        about=(metric, share),
        variants=list(dict.fromkeys(squares["variant"])),
        patience=PATIENCE,
        x="temperature",
        y="weight",
        value="mean",
        x_title="temperature T",
        y_title="weight w",
        value_title=metrics.title(metric, view.loss_unit(results)),
        width=WIDTH,
    )
    st.caption("Means over seeds. Differences smaller than the intervals in the first picture may be noise.")


def _tabs(results: Results, points: DataFrame, metric: str, share: float, seed: int) -> None:
    soft, training, speed = st.tabs(
        ["Soft targets", "Over training", "Size and speed"], key=f"{PAGE}.tab", on_change="rerun", bind="query-params"
    )
    if soft.open:
        with soft, errors.shown("The soft targets cannot be drawn"):
            soft_targets.draw(PAGE, results, *_chosen_teacher(results, seed), seed)
    if training.open:
        with training:
            _training(results, points, metric, share)
    if speed.open:
        with speed, errors.shown("The networks cannot be timed"):
            _speed(results, share, seed)


def _chosen_teacher(results: Results, seed: int) -> tuple[str, RunSettings | None]:
    """A teacher and its run for one seed; the user chooses if there are several teachers."""
    role = roles(results.comparison)
    found = {name: run for name, run in results.comparison.members if role[name] == TEACHER and run.seed == seed}
    if len(found) < 2:
        return next(iter(found.items()), ("", None))
    name = str(st.selectbox("Teacher", list(found), key=f"{PAGE}.teacher", bind="query-params", width=300))
    return name, found[name]


def _training(results: Results, points: DataFrame, metric: str, share: float) -> None:
    st.caption("Teacher, student alone and the taught students over their epochs.")
    near = points[(points["role"] == TEACHER) | (points["labelled"] == share)]
    is_teacher = near["role"] == TEACHER
    colours = palette.with_references(families_in_order(results), list(points.loc[points["role"] == TEACHER, "name"]))
    of_each = zip(near["name"], near["variant"].where(~is_teacher, near["name"]), strict=True)
    chart(
        results,
        f"{PAGE}.over_training",
        charts.over_training,
        results.course,
        results.reached,
        variants=list(near["name"]),
        colours=tuple((name, colours[family]) for name, family in of_each),
        stretch=True,
        patience=PATIENCE,
        metric=metric,
        with_train=False,
        with_seeds=False,
        width=2 * WIDTH,
    )


def _speed(results: Results, share: float, seed: int) -> None:
    st.caption("The purpose of distillation: a student that is smaller than its teacher is also faster.")
    members = {name: run for name, run in results.comparison.members if run.seed == seed}
    pairs = ((members[name], teacher) for name, teacher in teachers_of(results.comparison).items() if name in members)
    student, teacher_name = next(((run, teacher) for run, teacher in pairs if run.training.labelled == share), (None, ""))
    teacher = members.get(teacher_name)
    if teacher is None or student is None:
        st.info("No variant here has a teacher.")
        return
    if not st.toggle("Time both networks", key=f"{PAGE}.time", help="Takes a few seconds the first time: torch is loaded."):
        return
    if results.store.weights(teacher.key) is None or results.store.weights(student.key) is None:
        st.info("The networks can be timed after their training here has ended.")
        return
    speed = compression.timed(results.store.url, teacher.key, student.key)
    if isinstance(speed, str):
        st.warning(escaped(speed))
        return
    slow, fast = speed.milliseconds
    with st.container(horizontal=True, gap="large"):
        about = {"delta_color": "off", "delta_arrow": "off", "width": "content"}
        st.metric("Parameters", f"{speed.parameters[1]:,}", f"{teacher_name}: {speed.parameters[0]:,}", **about)  # type: ignore[arg-type]
        st.metric("Forward pass", f"{fast:.3f} ms", f"{teacher_name}: {slow:.3f} ms", **about)  # type: ignore[arg-type]
        st.metric(
            "Faster by", f"{speed.ratio:.2f}×", width="content", help=f"Median of 50 alternating passes of {compression.BATCH} examples."
        )


def _table(results: Results, points: DataFrame, metric: str) -> None:
    st.subheader("Exact values", anchor=False)
    work = results.once("work", lambda: analysis.work(results.as_compared(results.layers), compression.multiply_adds(results)), PATIENCE)
    columns = ["parameters", *metrics.TESTS, "seconds"]
    runs = analysis.at_ends(results.runs, columns)
    frame = analysis.joined(analysis.with_halves(points).drop(columns="variant").rename(columns={"name": "variant"}), runs, work)
    told = "Every variant: its teacher, its quality, and its difference to the same student alone"
    compression.shown_table(f"{PAGE}.table", compression.with_counterparts(frame), _of_quality(metric, view.loss_unit(results)), told)
    compression.shown_table(f"{PAGE}.costs", frame, _of_size(), "Every variant: size and cost")


def _of_quality(metric: str, loss: str) -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "role": st.column_config.TextColumn("Role"),
        "labelled": number("Labels for", "%.3g", "Share of the training examples whose labels may be used."),
        "temperature": number("T", "%.3g", "Temperature of the soft targets."),
        "weight": number("w", "%.3g", "Weight of the soft targets."),
        **compression.quality(metric, loss, "To alone", "the same student without a teacher"),
    }


def _of_size() -> dict[str, Any]:
    return {
        "variant": st.column_config.TextColumn("Variant", pinned=True),
        "parameters": number("Parameters", "localized", "Parameters of the network, including biases and norms."),
        "multiply_adds": number("Multiply-adds", "localized", "Multiplications (each with an addition) for one example."),
        "seconds": number(
            "Seconds", "%.3g", "Training time of a run, as its share of its stack's time; the teacher's training is not included."
        ),
    }
