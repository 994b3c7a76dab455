"""Paths of optimizers on a surface over two weights: the surface, the start, the optimizers, and the last step shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from pandas import DataFrame
from pydantic import ValidationError

from core.charts import optimizers as charts
from core.charts.parts import palette, specs
from core.choices.optimizers.base import OptimizerChoice
from core.choices.words.writing import write
from core.comparison import Comparison
from core.experiments.optimizers import NETWORK, SURFACES
from core.labs.optimization import paths as lab
from core.labs.optimization import stored_paths, surfaces
from core.labs.optimization.surfaces import Surface
from core.settings import RunSettings, SettingsError, explain
from core.ui import errors
from core.ui.form import fields, links
from core.ui.form.picking import select_slider
from core.ui.form.values import parse
from core.ui.results.drawing import figure
from core.ui.results.table import csv_button

PAGE = "optimizers.on"

STARTERS: dict[surfaces.Name, tuple[str, ...]] = {
    name: tuple(map(write, experiment.lab.arguments["optimizers"])) for name, experiment in SURFACES.items()
}
"""The initial optimizers of each surface, as text."""

RATES = {"adadelta": 10.0, "prodigy": 1.0, "lbfgs": 1.0, "adafactor": 0.1, "schedule_free_adamw": 0.3, "lion": 0.02}
"""The rate offered for a kind if it is not a tenth: rates for networks are too small for a plane of some units."""

FIRST: tuple[surfaces.Name, float, float, surfaces.Point, int, float, int] = ("quadratic", 20.0, 0.0, (-2.5, 1.5), 200, 0.0, 0)
"""Surface, condition number, angle, start, steps, noise and its seed when the page opens."""

FACTORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
STEPS = (25, 50, 100, 200, 400)
TICK_S, FRAMES = 0.35, 40
"""Seconds between two frames of the animation, and the number of its frames."""
COLUMNS = ["variant", "step", "x", "y", "loss", "excess", "grad_norm", "distance", "evaluations", "reached", "status"]


@dataclass(frozen=True)
class PathSettings:
    """The values of the controls; `name`, `condition` and `angle` describe the surface."""

    name: surfaces.Name
    condition: float
    angle: float
    start: surfaces.Point
    steps: int
    noise: float
    seed: int
    optimizers: tuple[OptimizerChoice, ...]

    @property
    def surface(self) -> Surface:
        return surfaces.make(self.name, self.condition, self.angle)


def draw(asked: PathSettings) -> None:
    """The surface with the paths, how fast they descend, exact values, CSV; the animated part is its own fragment."""
    if not asked.optimizers:
        st.info("Choose at least one optimizer.")
        return
    playing = bool(st.session_state.get(f"{PAGE}.playing"))

    @st.fragment(run_every=TICK_S if playing else None)
    def body() -> None:
        if _moved(asked) or (playing and not _advance(asked.steps)):
            st.rerun()
        with errors.shown("The paths cannot be drawn"):
            _follow(asked, playing=playing)

    body()


def _follow(asked: PathSettings, *, playing: bool) -> None:
    step = _step(asked.steps, playing=playing)
    left, right = st.columns([5, 4], gap="medium")
    place = left.empty()
    right.markdown(f"${asked.surface.formula}$\n\n{asked.surface.about}")
    if (
        "torch" not in sys.modules
    ):  # torch takes seconds to load, once; the surface is drawn before, and only paths that are not stored wait for it
        place.vega_lite_chart(_picture(asked, _none(), 0, clickable=False), width="stretch")
    with right, st.spinner("Walking ..."):
        paths = paths_of(asked)
    key = f"{PAGE}.{asked.name.replace(' ', '_')}.picture"
    clicked = partial(_clicked, key, asked.name)
    picture = _picture(asked, paths, step)
    place.vega_lite_chart(picture, key=key, width="stretch", on_select=clicked, selection_mode=[charts.START])
    with right:
        figure(f"{PAGE}.descent", charts.descent(paths, variants=_names(asked), step=step), stretch=True)
    _values(paths, step)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _download(paths)
        _to_network(asked)


def _to_network(asked: PathSettings) -> None:
    """A link to the workbench with exactly these optimizers, including their rates."""
    variants = [{"name": name_of(optimizer), "optimizer": optimizer.identity()} for optimizer in asked.optimizers]
    comparison = Comparison.load({"base": NETWORK.comparison.base, "variants": variants, "seeds": 3})
    query = links.query_for("compare", comparison)
    said = "Train a network with exactly these optimizers and rates"
    st.page_link(links.COMPARE, label=said, icon=":material/open_in_new:", query_params=query, help="Opens the workbench.")


def controls() -> PathSettings:
    """Draws the controls for the surface, the start, the noise and the optimizers, and returns their values."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox("Surface", surfaces.NAMES, key=f"{PAGE}.surface", bind="query-params", width=140)
        condition, angle = _shape() if name == "quadratic" else (20.0, 0.0)
        fresh = surfaces.make(name, condition, angle)
        start = _start(fresh)
        steps = st.selectbox("Updates", STEPS, index=STEPS.index(200), key=f"{PAGE}.steps", bind="query-params", width=80)
        noise, seed = _noise(fresh)
        factor = st.selectbox(
            "Rates ×",
            FACTORS,
            index=FACTORS.index(1.0),
            format_func=lambda value: f"{value:g}",
            key=f"{PAGE}.factor",
            bind="query-params",
            width=95,
            help="Multiplies every optimizer's learning rate. Up to which factor does each one still reach the minimum?",
        )
    return PathSettings(name, condition, angle, start, steps, noise, seed, _optimizers(name, factor, steps))


def _shape() -> tuple[float, float]:
    """The quadratic's condition number, and the angle of its axes."""
    condition = select_slider(
        "Condition number",
        (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
        20,
        key=f"{PAGE}.condition",
        width=130,
        help="Largest curvature divided by the smallest one (eigenvalues of the loss's Hessian). 1: a round bowl.",
    )
    angle = st.slider(
        "Turned (°)",
        0,
        90,
        0,
        15,
        key=f"{PAGE}.angle",
        bind="query-params",
        width=90,
        help="Turns the bowl's axes away from x and y. This does not affect SGD, but it affects methods that scale each coordinate "
        "separately.",
    )
    return float(condition), float(angle)


def _start(surface: Surface) -> surfaces.Point:
    found = []
    for axis, begin, (low, high) in zip("xy", surface.start, (surface.frame[:2], surface.frame[2:]), strict=True):
        found.append(
            st.number_input(
                f"Start {axis}",
                low,
                high,
                begin,
                0.1,
                format="%g",
                key=_start_key(surface.name, axis),
                bind="query-params",
                width=105,
                help="The start of all paths. A click into the picture also sets it.",
            )
        )
    return float(found[0]), float(found[1])


def _start_key(name: str, axis: str) -> str:
    return f"{PAGE}.{name.replace(' ', '_')}.{axis}"


def _clicked(key: str, name: str) -> None:
    """Moves the start to the clicked point."""
    points = st.session_state[key].selection.get(charts.START, [])
    if points and {"x", "y"} <= set(points[0]):
        frame = surfaces.make(name).frame  # type: ignore[arg-type]
        for axis, low, high in (("x", *frame[:2]), ("y", *frame[2:])):
            st.session_state[_start_key(name, axis)] = min(max(round(float(points[0][axis]), 2), low), high)


def _moved(asked: PathSettings) -> bool:
    """Whether a click has moved the start since the controls were drawn, which are not part of the animated fragment."""
    return any(st.session_state.get(_start_key(asked.name, axis), now) != now for axis, now in zip("xy", asked.start, strict=True))


def _noise(surface: Surface) -> tuple[float, int]:
    noise = st.number_input(
        "Noise",
        0.0,
        100.0,
        surface.noise,
        0.5,
        format="%g",
        key=f"{PAGE}.{surface.name.replace(' ', '_')}.noise",
        bind="query-params",
        width=80,
        help="Standard deviation of the noise added to each component of each gradient; all optimizers get the same noise.",
    )
    if not noise:
        return 0.0, 0
    # Floats, since Streamlit's whole-number input raises OverflowError if the URL says 1e999.
    key = f"{PAGE}.noise_seed"
    return float(noise), int(st.number_input("Noise seed", 0.0, 2.0**31, 0.0, 1.0, format="%.0f", key=key, bind="query-params", width=80))


def _optimizers(name: surfaces.Name, factor: float, steps: int) -> tuple[OptimizerChoice, ...]:
    begin = list(STARTERS[name])
    excluded = "; ".join(lab.EXCLUDED.values())
    texts = st.multiselect(
        "Optimizers",
        list(dict.fromkeys([*begin, *offered()])),
        default=begin,
        max_selections=len(palette.COLOURS),
        key=f"{PAGE}.{name.replace(' ', '_')}.optimizers",
        accept_new_options=True,
        filter_mode="contains",
        bind="query-params",
        placeholder="Choose, or type, for example: adam lr=0.3 betas=0.9-0.99",
        help="Choose kinds, or type one with its settings: `sgd lr=0.1 momentum=0.9`. Settings that are not written have their defaults. "
        f"Not available here: {excluded}.",
    )
    found: dict[str, OptimizerChoice] = {}
    for text in texts:
        try:
            optimizer = read(text, factor, steps)
            found.setdefault(name_of(optimizer), optimizer)
        except SettingsError as error:
            st.error(errors.as_list(str(error).splitlines()))
    return tuple(found.values())


def offered() -> list[str]:
    """Every kind that has a path, as text, with a rate that suits a plane of some units."""
    kinds = fields.kinds(RunSettings, "optimizer")
    return [f"{kind} lr={RATES.get(kind, 0.1):g}" for kind in kinds if kind not in lab.EXCLUDED]


def read(text: str, factor: float, steps: int) -> OptimizerChoice:
    """The optimizer that a text writes, with its rate times `factor`. Raises SettingsError for an unreadable text or a kind without a
    path.
    """
    given = parse("optimizer", text)
    try:
        optimizer = lab.optimizer_of(given)
        optimizer = lab.optimizer_of({**optimizer.identity(), "lr": float(f"{optimizer.lr * factor:.12g}")})
    except ValidationError as error:
        raise SettingsError(explain(error, given)) from error
    if said := lab.refusal(optimizer, steps):
        raise SettingsError(f"{text}: {said}")
    return optimizer


def name_of(optimizer: OptimizerChoice) -> str:
    """The optimizer as text, always with its rate: `sgd lr=0.001 momentum=0.9`."""
    others = {name: value for name, value in optimizer.identity().items() if name not in ("kind", "lr")}
    return write({"kind": optimizer.kind, "lr": optimizer.lr, **others})


def _names(asked: PathSettings) -> list[str]:
    return [name_of(optimizer) for optimizer in asked.optimizers]


def paths_of(asked: PathSettings) -> DataFrame:
    """The paths of all optimizers in one frame, with the optimizer's text as `variant`."""
    parts = [
        _path(asked.name, asked.condition, asked.angle, name_of(optimizer), asked.start, asked.steps, asked.noise, asked.seed, optimizer)
        for optimizer in asked.optimizers
    ]
    return pd.concat(parts, ignore_index=True)


@st.cache_data(show_spinner=False, max_entries=400)
def _path(
    name: surfaces.Name,
    condition: float,
    angle: float,
    text: str,
    start: surfaces.Point,
    steps: int,
    noise: float,
    seed: int,
    _optimizer: OptimizerChoice,
) -> DataFrame:
    """One path; `text` identifies the optimizer in the cache, because it writes all its settings."""
    path = stored_paths.of(text) if (name, condition, angle, start, steps, noise, seed) == FIRST else None
    if path is None:
        path = lab.path(surfaces.make(name, condition, angle), _optimizer, start, steps, noise=noise, seed=seed)
    path.insert(0, "variant", text)
    return path


def computed_first_paths() -> dict[str, DataFrame]:
    """The paths with which the page opens, computed now; `core.labs.optimization.stored_paths` stores them."""
    name, condition, angle, start, steps, noise, seed = FIRST
    surface = surfaces.make(name, condition, angle)
    return {text: lab.path(surface, read(text, 1.0, steps), start, steps, noise=noise, seed=seed) for text in STARTERS[name]}


@st.cache_data(show_spinner=False, max_entries=60)
def _grid(name: surfaces.Name, condition: float, angle: float) -> DataFrame:
    return surfaces.grid(surfaces.make(name, condition, angle))


def _picture(asked: PathSettings, paths: DataFrame, step: int, *, clickable: bool = True) -> dict[str, Any]:
    surface = asked.surface
    minima = DataFrame(surface.minima, columns=["x", "y"])
    grid = _grid(asked.name, asked.condition, asked.angle)
    chart = charts.surface(grid, paths, minima, variants=_names(asked), lowest=surface.lowest, step=step, clickable=clickable)
    return specs.spec(chart)


def _none() -> DataFrame:
    numbers = dict.fromkeys(("step", "x", "y", "loss"), pd.Series(dtype=float))
    return DataFrame({"variant": pd.Series(dtype=str), **numbers, "status": pd.Series(dtype=str)})


def _step(steps: int, *, playing: bool) -> int:
    """The step slider, with the button that moves it."""
    key = f"{PAGE}.step"
    if st.session_state.get(key, 0) > steps:
        st.session_state[key] = steps
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        label, icon = ("Stop", ":material/stop:") if playing else ("Play", ":material/play_arrow:")
        if st.button(
            label, key=f"{PAGE}.play", icon=icon, on_click=_toggle, args=(steps,), help="Plays the paths from the start to the end."
        ):
            st.rerun()
        return int(st.slider("Up to update", 0, steps, steps, 1, key=key, bind="query-params"))


def _toggle(steps: int) -> None:
    """Starts or stops the animation; at the end it starts again from the beginning."""
    key = f"{PAGE}.playing"
    st.session_state[key] = not st.session_state.get(key, False)
    if st.session_state[key] and st.session_state.get(f"{PAGE}.step", steps) >= steps:
        st.session_state[f"{PAGE}.step"] = 0


def _advance(steps: int) -> bool:
    """Moves the slider by one frame; returns False at the last step, where the animation ends."""
    now = int(st.session_state.get(f"{PAGE}.step", 0))
    st.session_state[f"{PAGE}.step"] = after = next_step(now, steps)
    st.session_state[f"{PAGE}.playing"] = after < steps
    return after < steps


def next_step(now: int, steps: int) -> int:
    """The step of the next frame: the first steps one by one, because they are the largest; then so that there are
    about `FRAMES` frames.
    """
    return min(now + max(1, min(now // 4, steps // FRAMES)), steps)


def _values(paths: DataFrame, step: int) -> None:
    table = lab.at_step(paths, step)[COLUMNS]
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        table,
        key=f"{PAGE}.values",
        hide_index=True,
        column_config={
            "variant": text("Optimizer", pinned=True),
            "step": number("Update", help="Updates done; a path that diverged ends earlier."),
            "x": number("x", format="%.5g"),
            "y": number("y", format="%.5g"),
            "loss": number("Loss", format="%.4g"),
            "excess": number("Above lowest", format="%.3g", help="Loss minus the lowest loss of the surface."),
            "grad_norm": number("Gradient", format="%.3g", help="Norm of the gradient, without noise."),
            "distance": number("Distance", format="%.3g", help="Distance to the nearest minimum."),
            "evaluations": number("Gradients", help="Number of computed gradients: one per update, except for L-BFGS."),
            "reached": number("Reached", help="First update at which the loss above the lowest is a thousandth of its start value."),
            "status": text("Status", help="diverged: no longer finite, or a million units away."),
        },
        placeholder="–",
        alt=f"Exact values of every path at update {step}",
    )


def _download(paths: DataFrame) -> None:
    meaning = "Every update of every path: point, loss, gradient norm, distance to the nearest minimum."
    csv_button(f"{PAGE}.csv", "paths.csv", paths, meaning)
