"""The page of distributed SGD: the sentence, the loss over the clock, the workers' timelines, staleness, and why."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.charts.labs import distributed as charts
from core.charts.parts import palette
from core.experiments.claims.reading import percent
from core.labs.distributed.watched import LOSS, WORK
from core.ui import errors
from core.ui.form import links
from core.ui.markdown import escaped
from core.ui.pages.distributed import finding
from core.ui.pages.distributed.controls import PAGE, PATH, Controls, chips, controls, query
from core.ui.pages.distributed.finding import ASYNCHRONOUS, NAMES, SAID, STALE
from core.ui.results import labs
from core.ui.results.drawing import figure
from core.ui.results.labs import Found
from core.ui.results.table import csv_button

HEIGHT = 320
COLOURS = dict(zip(NAMES, (palette.COLOURS[0], palette.COLOURS[2], palette.COLOURS[1], palette.COLOURS[3]), strict=True))
WHY = (
    "A synchronous server steps along the mean of all gradients, so in every round all workers wait for the slowest, and for ever if "
    "one dies. An asynchronous server steps along each gradient as it comes: nobody waits, and a straggler costs its own share alone. It "
    "pays in **staleness**: a gradient is of weights that have had about as many updates since as there are other workers. At a moderate "
    "rate those weights have hardly moved; at a high one the steps overshoot. On a quadratic of curvature λ, gradients that are k updates "
    "old diverge from `lr · λ = 2 cos(kπ / (2k + 1))` on."
)
SOURCES = (
    "Chen et al. 2016, arXiv:1604.00981 (backup workers) · Zhang et al. 2015, arXiv:1511.05950 (rate ÷ staleness) · "
    "Niu et al. 2011, arXiv:1106.5730"
)


def draw() -> None:
    """The whole page."""
    links.open_afresh(PAGE)
    st.title("Distributed SGD", anchor=False)
    asked = controls()
    if not asked.rules:
        st.info("Pick at least one server, in the sidebar.")
        return
    with errors.shown("The servers cannot be simulated"):
        labs.follow(PAGE, asked.labs(), lambda found: _draw(asked, found))
    _below(asked)


def _draw(asked: Controls, found: Found) -> None:
    _sentence(asked, found)
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _loss(asked, found)
    with right:
        _timelines(asked, found)


def _sentence(asked: Controls, found: Found) -> None:
    reached = {name: finding.reached(frame, float(asked.target)) for name, frame in found.frames.items()}
    so_far = ":gray[So far:] " if found.waiting and reached else ""
    with st.container(key=f"{PAGE}-headline"):
        if reached:
            st.markdown(f"{so_far}{escaped(finding.headline(reached, float(asked.target), float(asked.seconds), _why(asked, found)))}")
        else:
            st.markdown(":gray[The servers are being simulated: the clock is made up, the gradients are computed.]")
    waiting = f"Still simulating: {', '.join(SAID[name] for name in found.waiting)}. " if found.waiting else ""
    st.caption(escaped(waiting + finding.small_print(reached)) or " ")


def _why(asked: Controls, found: Found) -> dict[str, str]:
    """What keeps servers from the target."""
    why = {name: "it diverges" for name, frame in found.frames.items() if finding.diverged(frame)}
    return why | dict.fromkeys(asked.stuck, "it waits for the dead worker for ever")


def _loss(asked: Controls, found: Found) -> None:
    st.subheader(
        "Loss over the clock",
        anchor=False,
        help="The clock is simulated, and every gradient is really computed. The loss is measured after every ten gradients.",
    )
    if not found.frames:
        st.skeleton(height=HEIGHT)
        return
    seconds = float(asked.seconds)
    names = list(found.frames)
    points = finding.labelled([(name, finding.curve(found.frames[name], seconds)) for name in names])
    reached = {name: finding.reached(found.frames[name], float(asked.target)).mean for name in names}
    dots = DataFrame({"variant": list(reached), "seconds": list(reached.values())})
    dots = dots[dots["seconds"].map(math.isfinite)]
    look: dict[str, Any] = {"target": float(asked.target), "seconds": seconds, "height": HEIGHT}
    chart = charts.loss_over_clock(points, dots, variants=names, colours=COLOURS, **look)
    figure(f"{PAGE}.loss", chart, stretch=True)


def _timelines(asked: Controls, found: Found) -> None:
    st.subheader("Who computes, who waits", anchor=False, help="Of the first seed. The last worker is the straggler; the first may die.")
    for name in asked.rules:
        if name not in found.frames:
            st.skeleton(height=120)
            continue
        work = finding.part(found.frames[name], WORK)
        st.markdown(f"**{escaped(_capital(name))}** :gray[{percent(finding.waiting_share(work))} of the workers' time is waiting]")
        titled = name == asked.rules[-1]
        chart = charts.timeline(work, workers=asked.workers, colour=COLOURS[name], shown=asked.shown, titled=titled)
        figure(f"{PAGE}.work.{NAMES[name]}", chart, stretch=True)
    st.caption("A bar is a gradient, pale where it is dropped or lost; a thin line is waiting; a cross is a death.")


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _below(asked: Controls) -> None:
    """Why, how stale, what to try; the staleness is drawn as soon as it is stored."""
    why, stale, more = st.columns([4, 4, 3], gap="medium")
    with why:
        st.subheader("Why", anchor=False)
        st.markdown(WHY)
        st.caption(SOURCES)
    with stale:
        st.subheader("Staleness", anchor=False, help="Updates that the weights had between being read and being stepped.")
        labs.follow(f"{PAGE}.staleness", asked.labs(), lambda found: _staleness(asked, found))
    with more:
        st.subheader("Try this", anchor=False)
        for chip in chips(asked):
            with st.container(border=True, gap="xsmall"):
                st.page_link(PATH, label=f"**{escaped(chip.change)}**", icon=":material/arrow_forward:", query_params=query(chip.asked))
                st.caption(escaped(chip.look))
        st.page_link("pages/question.py", label="The question on this", icon=":material/quiz:", query_params={"q": "21"})


def _staleness(asked: Controls, found: Found) -> None:
    drawn = next((name for name in STALE if name in asked.rules), None)
    if drawn is None:
        st.caption(f"Without a server that is asynchronous no gradient is stale. Add “{ASYNCHRONOUS}”, in the sidebar.")
    elif drawn not in found.frames:
        st.skeleton(height=200)
    else:
        straggler = asked.straggler > 1
        shares = finding.stale_shares(found.frames[drawn], asked.workers, straggler=straggler)
        figure(f"{PAGE}.shares", charts.staleness(shares, colour=COLOURS[drawn], straggler=straggler), stretch=True)
        st.caption(escaped(finding.stale_sentence(shares)))
    if found.frames:
        _files(asked, found)


def _files(asked: Controls, found: Found) -> None:
    """The numbers behind the pictures."""
    reached = {name: finding.reached(frame, float(asked.target)) for name, frame in found.frames.items()}
    with st.expander("Table and files", type="compact"):
        number = st.column_config.NumberColumn
        columns = {
            "server": st.column_config.TextColumn("Server", pinned=True),
            "update": number("Updates", format="%.0f"),
            "gradients": number("Gradients", format="%.0f", help="That the server has used by the end."),
            "loss": number("Loss", format="%.3f"),
            "accuracy": number("Accuracy", format="%.3f", help="On the training examples, as the loss is."),
            "seconds_to_target": number("Seconds to target", format="%.1f"),
        }
        frame = finding.table(reached, found.frames)
        alt = "What each server comes to, means over seeds"
        st.dataframe(frame, key=f"{PAGE}.table", hide_index=True, column_config=columns, placeholder="–", alt=alt)
        curves = pd.concat([finding.part(frame, LOSS).assign(server=name) for name, frame in found.frames.items()], ignore_index=True)
        csv_button(f"{PAGE}.csv", "loss_over_clock.csv", curves, "A row a server, seed and measurement.")
