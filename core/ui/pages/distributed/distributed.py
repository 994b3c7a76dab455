"""The page of distributed SGD: the result, the loss over the simulated time, the workers' timelines, staleness, and the reason."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.labs import distributed as analysis
from core.charts.labs import distributed as charts
from core.charts.parts import palette
from core.experiments.claims.reading import percent
from core.experiments.labs.distributed import ASYNCHRONOUS, EXPERIMENTS, NAMES, PAGE
from core.labs.distributed.watched import STALENESS, WORK
from core.ui.form import links
from core.ui.form.controls import Values
from core.ui.markdown import escaped
from core.ui.pages.distributed import finding
from core.ui.pages.distributed.controls import CONTROLS, labs, shown, stuck
from core.ui.pages.distributed.finding import SAID, STALE
from core.ui.results import lab_page
from core.ui.results import labs as running
from core.ui.results.drawing import figure
from core.ui.results.lab_page import LabPage
from core.ui.results.labs import Found
from core.ui.results.table import csv_button

HEIGHT = 320
COLOURS = dict(zip(NAMES, (palette.COLOURS[0], palette.COLOURS[2], palette.COLOURS[1], palette.COLOURS[3]), strict=True))
WORDS = LabPage(
    EXPERIMENTS[0],
    CONTROLS,
    failed="The servers cannot be simulated",
    look="Which server reaches the target first, and how much of their time do its workers wait? A synchronous server waits for the "
    "slowest "
    "worker in every round; an asynchronous one makes an update with each gradient when it arrives, although the weights have changed "
    "since.",
    why="A synchronous server uses the mean of all gradients for an update, so in every round all workers wait for the slowest one, and "
    "forever if one fails. An asynchronous server makes an update with each gradient when it arrives: no worker waits, and a straggler "
    "only slows its own share. The cost is **staleness**: since the worker read the weights, the other workers have made about one update "
    "each. At a moderate rate these updates are small; at a high rate, updates with stale gradients overshoot. On a quadratic of curvature "
    "λ, gradients that are k updates old diverge from `lr · λ = 2 cos(kπ / (2k + 1))` on.",
    sources="Chen et al. 2016, arXiv:1604.00981 (backup workers) · Zhang et al. 2015, arXiv:1511.05950 (rate ÷ staleness) · "
    "Niu et al. 2011, arXiv:1106.5730",
    question="21",
)


def draw() -> None:
    """Draws the page."""
    links.open_afresh(PAGE)
    st.title("Distributed SGD", anchor=False)
    held = CONTROLS.draw()
    if not held["rules"]:
        st.info("Choose at least one server in the sidebar.")
        return
    lab_page.look(WORDS)
    lab_page.draw(WORDS, labs(held), lambda found: _draw(held, found))
    _below(held)


def _draw(held: Values, found: Found) -> None:
    _sentence(held, found)
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _loss(held, found)
    with right:
        _timelines(held, found)


def _sentence(held: Values, found: Found) -> None:
    target, seconds = float(held["target"]), float(held["seconds"])
    reached = finding.reached(found.frames, target)
    said = finding.headline(reached, target, seconds, _why(held, found)) if reached else ""
    lab_page.sentence(WORDS, found, said, finding.small_print(reached), SAID)


def _why(held: Values, found: Found) -> dict[str, str]:
    """The reasons why servers do not reach the target."""
    why = {name: "it diverges" for name, frame in found.frames.items() if analysis.diverged(finding.losses(frame))}
    return why | dict.fromkeys(stuck(held), "it waits forever for the failed worker")


def _loss(held: Values, found: Found) -> None:
    st.subheader(
        "Loss over simulated time",
        anchor=False,
        help="The time is simulated, but every gradient is really computed. The loss is measured after every ten gradients.",
    )
    if not found.frames:
        st.skeleton(height=HEIGHT)
        return
    target, seconds = float(held["target"]), float(held["seconds"])
    names = list(found.frames)
    curves = [analysis.over_clock(finding.losses(frame), seconds).assign(variant=name) for name, frame in found.frames.items()]
    points = pd.concat(curves, ignore_index=True)
    means = {name: reach.mean for name, reach in finding.reached(found.frames, target).items() if math.isfinite(reach.mean)}
    dots = DataFrame({"variant": list(means), "seconds": list(means.values())})
    look: dict[str, Any] = {"target": target, "seconds": seconds, "height": HEIGHT}
    figure(f"{PAGE}.loss", charts.loss_over_clock(points, dots, variants=names, colours=COLOURS, **look), stretch=True)


def _timelines(held: Values, found: Found) -> None:
    st.subheader(
        "When workers compute and wait",
        anchor=False,
        help="The workers of the first seed. The last worker is the straggler; the first one may fail.",
    )
    for name in held["rules"]:
        if name not in found.frames:
            st.skeleton(height=120)
            continue
        work = analysis.part(found.frames[name], WORK)
        waiting = percent(analysis.waiting_share(work))
        st.markdown(f"**{escaped(finding.capital(name))}** :gray[{waiting} of the workers' time is waiting]")
        titled = name == held["rules"][-1]
        chart = charts.timeline(work, workers=held["workers"], colour=COLOURS[name], shown=shown(held), titled=titled)
        figure(f"{PAGE}.work.{NAMES[name]}", chart, stretch=True)
    st.caption("Bar: a gradient, pale if it is ignored or lost. Thin line: waiting. Cross: the worker fails.")


def _below(held: Values) -> None:
    """The reason, the staleness, and what to try; the staleness is drawn when it is stored."""
    why, stale, more = st.columns([4, 4, 3], gap="medium")
    with stale:
        st.subheader(
            "Staleness", anchor=False, help="Number of updates of the weights between reading them and the update with the gradient."
        )
        running.follow(f"{PAGE}.staleness", labs(held), lambda found: _staleness(held, found))
    with why:
        lab_page.why(WORDS)
    with more:
        lab_page.try_this(WORDS, held)


def _staleness(held: Values, found: Found) -> None:
    drawn = next((name for name in STALE if name in held["rules"]), None)
    if drawn is None:
        st.caption(f"Without an asynchronous server, no gradient is stale. Add “{ASYNCHRONOUS}” in the sidebar.")
    elif drawn not in found.frames:
        st.skeleton(height=200)
    else:
        straggler = held["straggler"] > 1
        shares = analysis.stale_shares(analysis.part(found.frames[drawn], STALENESS), held["workers"], straggler=straggler)
        figure(f"{PAGE}.shares", charts.staleness(shares, colour=COLOURS[drawn], straggler=straggler), stretch=True)
        st.caption(escaped(finding.stale_sentence(shares)))
    if found.frames:
        _files(held, found)


def _files(held: Values, found: Found) -> None:
    """The numbers of the charts."""
    losses = {name: finding.losses(frame) for name, frame in found.frames.items()}
    with st.expander("Table and files", type="compact"):
        number = st.column_config.NumberColumn
        columns = {
            "server": st.column_config.TextColumn("Server", pinned=True),
            "update": number("Updates", format="%.0f"),
            "gradients": number("Gradients", format="%.0f", help="Number of gradients that the server used until the end."),
            "loss": number("Loss", format="%.3f"),
            "accuracy": number("Accuracy", format="%.3f", help="Accuracy on the training examples, like the loss."),
            "seconds_to_target": number("Seconds to target", format="%.1f"),
        }
        frame = analysis.summed(losses, float(held["target"]))
        alt = "Results of each server, means over seeds"
        st.dataframe(frame, key=f"{PAGE}.table", hide_index=True, column_config=columns, placeholder="–", alt=alt)
        curves = pd.concat([frame.assign(server=name) for name, frame in losses.items()], ignore_index=True)
        csv_button(f"{PAGE}.csv", "loss_over_clock.csv", curves, "One row for each server, seed and measurement.")
