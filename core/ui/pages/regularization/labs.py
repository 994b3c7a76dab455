"""The two labs of the page of regularization: the geometry of penalties, and the weights of a linear model against strength."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from pandas import DataFrame

from core.analysis import metrics
from core.charts import regularization as charts
from core.engine.network import state_dicts
from core.labs.regularization import penalty_geometry, regularization_path
from core.labs.regularization.penalty_geometry import Bowl
from core.ui import errors
from core.ui.results import live, steering, table
from core.ui.results.drawing import WIDTH, figure
from core.ui.results.live import Results

PAGE = "regularization"
BUDGETS = 40
PATIENCE = 1.0
"""Seconds by which the weights may lag behind the store while the models train."""
SHRINKAGES = {"L1: |w|": "l1", "Squared L2: w²": "l2_squared", "Norm of a group of two equal weights": "l2_norm"}
PENALTIES = {
    "l1": "L1 by subgradient",
    "l1_proximal": "L1, proximal step",
    "l2_squared": "Squared L2",
    "l2_norm_proximal": "Norm of all weights, proximal",
}


class Shape(NamedTuple):
    """The ball of a penalty: the title of its picture, and its exponent p."""

    title: str
    p: float


def geometry() -> None:
    """Contours of a loss over two weights, with the ball of each penalty; and the effect of a proximal step on a weight."""
    st.caption(
        "What to look at: where a contour of the loss L(w) = ½ (w − b)ᵀ H (w − b) first touches the ball ‖w‖ₚ ≤ budget. The L1 diamond is "
        "mostly touched at a corner, where one weight is exactly 0; the round L2 ball almost never at such a point. The plain norm has "
        "the same round "
        "ball, but over several weights at once: it sets a whole group to 0, or no weight of it."
    )
    bowl, budget, p = _controls()
    shapes = [Shape("L1: |w₁| + |w₂|", 1.0), Shape("L2, and the norm of the group (w₁, w₂)", 2.0), Shape(f"|w₁|^{p:g} + |w₂|^{p:g}", p)]
    rows = []
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for index, shape in enumerate(shapes):
        lines, points = _geometry(bowl, budget, shape.p)
        with grid.cell():
            figure(f"{PAGE}.ball{index}", charts.geometry(lines, points, title=shape.title, width=WIDTH - 60))
        rows.append(points.assign(penalty=shape.title, p=shape.p, size=penalty_geometry.norm(points[["w1", "w2"]].to_numpy(), shape.p)))
    frame = pd.concat(rows, ignore_index=True)[["penalty", "p", "kind", "w1", "w2", "loss", "size"]]
    _table("geometry", frame, "The lowest loss without a penalty, and within the budget, for each penalty")
    st.markdown("**Effect of one proximal step on a weight**")
    strength = st.slider("Strength × learning rate", 0.0, 1.0, 0.3, 0.05, key=f"{PAGE}.shrink", bind="query-params", width=300)
    figure(f"{PAGE}.shrinkage", charts.shrinkage(_shrinkage(strength), variants=list(SHRINKAGES), width=WIDTH), stretch=True)


def _controls() -> tuple[Bowl, float, float]:
    """The bowl, the budget, and the exponent of the third picture."""
    keys: dict[str, Any] = {"bind": "query-params", "width": 155}
    with st.container(horizontal=True, gap="small"):
        w1 = st.slider(
            "Best weight 1", -2.5, 2.5, 1.8, 0.1, key=f"{PAGE}.b1", help="b₁: position of the lowest loss without a penalty.", **keys
        )
        w2 = st.slider(
            "Best weight 2", -2.5, 2.5, 0.7, 0.1, key=f"{PAGE}.b2", help="b₂: position of the lowest loss without a penalty.", **keys
        )
        tilt = st.slider(
            "Correlation", -0.9, 0.9, 0.3, 0.1, key=f"{PAGE}.tilt", help="Correlation c of the two features: H = [[1, c], [c, 1]].", **keys
        )
        budget = st.slider("Budget", 0.1, 3.0, 1.0, 0.05, key=f"{PAGE}.budget", help="The largest ‖w‖ₚ that is allowed.", **keys)
        p = st.slider(
            "p of the third",
            0.4,
            8.0,
            0.5,
            0.1,
            key=f"{PAGE}.p",
            help="Exponent of the third ball: below 1 it is concave, above 2 it approaches a square.",
            **keys,
        )
    return Bowl(w1, w2, tilt), budget, p


@st.cache_data(show_spinner=False, max_entries=200)
def _geometry(bowl: Bowl, budget: float, p: float) -> tuple[DataFrame, DataFrame]:
    """The lines and the points of one picture."""
    least = penalty_geometry.constrained_minimum(bowl, p, budget)
    path = penalty_geometry.budget_path(bowl, p, np.linspace(0.01, 3.0, BUDGETS))
    touching = float(bowl.loss(least[None])[0])
    contours = [bowl.contour(level) for level in penalty_geometry.levels(bowl, touching)]
    ball = penalty_geometry.ball(p, budget, 360)
    lines = [_line("ball", 0, ball), _line("path", 0, path), *(_line("contour", n, part) for n, part in enumerate(contours))]
    both = np.stack([bowl.best, least])
    points = DataFrame({"kind": ["without penalty", "within the budget"], "w1": both[:, 0], "w2": both[:, 1], "loss": bowl.loss(both)})
    return pd.concat(lines, ignore_index=True), points


def _line(kind: str, number: int, w_N2: np.ndarray) -> DataFrame:
    return DataFrame({"kind": kind, "line": number, "place": np.arange(len(w_N2)), "w1": w_N2[:, 0], "w2": w_N2[:, 1]})


def _shrinkage(strength: float) -> DataFrame:
    before = np.linspace(-2, 2, 81)
    parts = [
        DataFrame({"variant": name, "before": before, "after": penalty_geometry.shrunk(before, kind, strength)})  # type: ignore[arg-type]
        for name, kind in SHRINKAGES.items()
    ]
    return pd.concat(parts, ignore_index=True)


def paths() -> None:
    """The weights of a linear model against the strength of four penalties, on data with few useful features."""
    st.caption(
        "What to look at: a line is a weight; it is blue if its feature matters. The objective is mean (y − Xw − b)² + strength × "
        "penalty. With "
        "the proximal step, L1 sets the useless features to exactly 0 first; with the subgradient it has the same minimum but no exact "
        "zeros. "
        "Squared L2 shrinks all weights and sets none to 0. The plain norm keeps their proportions, and finally sets all to 0 at once."
    )
    informative, noise, samples = _data()
    with errors.shown("These models cannot be trained"):
        live.show(regularization_path.comparison(informative, noise, samples), _paths)


def _paths(results: Results) -> None:
    steering.row(results, f"{PAGE}.paths")
    weights = results.once("path weights", lambda: _ended(results), PATIENCE)
    if not weights:
        if not results.progress.active:
            steering.nothing_yet(results, f"{PAGE}.paths", "One click trains 52 linear models side by side, in a second or two.")
        return
    found = results.once(("paths", len(weights)), lambda: regularization_path.paths(results.comparison, weights, results.history))
    grid = st.grid(2, min_column_width=WIDTH, gap="medium")
    for kind, title in PENALTIES.items():
        with grid.cell():
            made = charts.weight_paths(found.weights[found.weights["penalty"] == kind], title=title, width=WIDTH)
            figure(f"{PAGE}.path.{kind}", made, stretch=True)
    scores = found.scores.assign(variant=found.scores["penalty"].map(PENALTIES))
    _path_scores(scores)
    _table("scores", scores.drop(columns="variant"), "Losses and weights that are not 0, by penalty and strength")
    table.csv_button(f"{PAGE}.download.paths.csv", "paths.csv", found.weights)


def _ended(results: Results) -> dict[str, NDArray[np.floating]]:
    """The weights of the linear models that ended without divergence, by their runs' keys."""
    ended = results.runs[results.runs["status"].isin(["finished", "stopped"])]
    stored = {key: results.store.weights(key) for key in ended["run"]}
    return {key: next(iter(state_dicts.arrays(data).values())).ravel() for key, data in stored.items() if data is not None}


def _path_scores(scores: DataFrame) -> None:
    loss = metrics.title("val_loss", metrics.STANDARDISED)  # the loss of standardised targets
    columns = {"val_loss": loss, "found": "useful weights kept", "wrong": "useless weights kept"}
    grid = st.grid(3, min_column_width=WIDTH, gap="small")
    for column, title in columns.items():
        with grid.cell():
            made = charts.path_scores(scores, variants=list(PENALTIES.values()), column=column, title=title, width=WIDTH)
            figure(f"{PAGE}.scores.{column}", made, stretch=True)


def _data() -> tuple[int, float, int]:
    keys: dict[str, Any] = {"bind": "query-params", "width": 200}
    with st.container(horizontal=True, gap="small"):
        informative = st.slider(
            "Informative features", 1, 50, 10, key=f"{PAGE}.informative", help="Number of informative features among 100.", **keys
        )
        noise = st.slider("Noise of the target", 0.0, 3.0, 0.5, 0.25, key=f"{PAGE}.noise", help="Standard deviation of the noise.", **keys)
        samples = st.slider(
            "Examples", 300, 1000, 500, 50, key=f"{PAGE}.samples", help="Three fifths of them are training examples.", **keys
        )
    return informative, noise, samples


def _table(name: str, frame: DataFrame, described: str) -> None:
    with st.expander("Exact values", type="compact"):
        st.dataframe(frame, hide_index=True, key=f"{PAGE}.table.{name}", placeholder="–", alt=described)
        table.csv_button(f"{PAGE}.download.{name}.csv", f"{name}.csv", frame)
