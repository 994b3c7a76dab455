"""What every page begins with: its title, the navigation above it, and the runner behind it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import streamlit as st

NAME = "Tandem"
ICON = ":material/stacked_line_chart:"
TAB_ICON = Path(__file__).with_name("icon.svg").read_text(encoding="utf-8")
"""Of the browser's tab: a picture of our own. The browser would fetch one of Streamlit's icons from another host."""

BACK = Path(__file__).with_name("back.js").read_text(encoding="utf-8")
"""Streamlit writes a page's address several times after one click; this makes them one entry of the browser's history."""

HOME = "dashboard.py"
SIDEBAR_WIDTH = 350  # pixels: two settings stand beside each other


class Page(NamedTuple):
    """A row of the table of pages: where it stands in the navigation, and what it is in one line.

    listed: whether the navigation and the home page name it; a page that others lead to need not be.
    """

    group: str
    title: str
    path: str
    icon: str
    about: str
    listed: bool = True


PAGES = (
    Page(
        "Questions", "Questions", "pages/questions.py", ":material/quiz:", "Guess first, then see it measured: the questions of interviews."
    ),
    Page(
        "Questions",
        "Question",
        "pages/question.py",
        ":material/help:",
        "One question: what do you expect, what happens, and why.",
        listed=False,
    ),
    Page("Lab", "Compare", "pages/compare.py", ":material/compare_arrows:", "Train variants side by side and see how they differ."),
    Page("Lab", "Playground", "pages/playground.py", ":material/blur_on:", "Up to four networks in the plane, epoch by epoch."),
    Page("Lab", "Mistakes", "pages/mistakes.py", ":material/bug_report:", "Which run has which classic bug? Guess, then see the names."),
    Page("Lab", "History", "pages/runs.py", ":material/history:", "Every comparison that was made: find, open, name, export, delete."),
    Page("Optimization", "Optimizers", "pages/optimizers.py", ":material/route:", "Their paths on surfaces you can see, and on a network."),
    Page(
        "Optimization",
        "Learning rate",
        "pages/learning_rate.py",
        ":material/speed:",
        "Final loss over the rate; schedules; the range test.",
    ),
    Page(
        "Optimization", "Batch size", "pages/batch_size.py", ":material/stacks:", "Updates, epochs, seconds; scaling rules; gradient noise."
    ),
    Page(
        "Optimization",
        "Distributed SGD",
        "pages/distributed.py",
        ":material/hub:",
        "Several workers, one server: wait for all of them, or update by old gradients.",
    ),
    Page(
        "Architecture",
        "Normalization",
        "pages/normalization.py",
        ":material/align_vertical_center:",
        "Accuracy over batch sizes; which axes are averaged; both modes; activations.",
    ),
    Page(
        "Architecture",
        "Gradient flow",
        "pages/gradient_flow.py",
        ":material/water:",
        "Layer by layer; against depth; activation functions.",
    ),
    Page(
        "Architecture",
        "Recurrent",
        "pages/recurrent.py",
        ":material/replay:",
        "Memory through time: the gradient against the lag, clipping.",
    ),
    Page(
        "Regularization", "Regularization", "pages/regularization.py", ":material/compress:", "Penalties, dropout, and the gap they close."
    ),
    Page(
        "Regularization", "Early stopping", "pages/early_stopping.py", ":material/front_hand:", "Where each rule stops a run that overfits."
    ),
    Page(
        "Regularization",
        "Data recovery",
        "pages/data_recovery.py",
        ":material/lock_open:",
        "What updates and weights give away of the training data.",
    ),
    Page("Compression", "Pruning", "pages/pruning.py", ":material/content_cut:", "How much of a network can go, and what that saves."),
    Page("Compression", "Distillation", "pages/distillation.py", ":material/school:", "What a small network learns from a large one."),
)
"""All pages but the home page; a new page is a file in pages/ and a row here. Groups stand in the order of their first page."""

# Streamlit leaves an empty band above the page for its own few buttons. The bar of pages stands in that band, and leaves room for them at
# both ends; they take clicks, the empty stretch between them does not. In the sidebar the band shrinks to the height of its one button.
# On a telephone the bar has two rows: three entries between those buttons, and the others, which have the whole width, below them.
STYLE = """<style>
[data-testid="stHeader"], [data-testid="stHeader"] div { background: transparent; pointer-events: none; }
[data-testid="stHeader"] button { pointer-events: auto; }
[data-testid="stMainBlockContainer"] { padding-top: 0.8rem; padding-left: 2.5rem; padding-right: 2.5rem; }
[data-testid="stSidebarHeader"] { height: 2rem; }
[data-testid="stSidebarUserContent"] { padding-top: 0; }
.st-key-navigation { min-height: 2.2rem; row-gap: 0; padding-right: 3.5rem; border-bottom: 1px solid rgba(128, 128, 128, 0.25); }
:is(.st-key-examples, .st-key-recent, .st-key-pages, .st-key-question-cards) [data-testid="stPageLink"] {
    position: relative; left: -0.5rem;
}
:is(.st-key-examples, .st-key-recent, .st-key-question-cards) [data-testid="stPageLink"] p { white-space: normal; }
[class*="st-key-"][class*="-headline"] p { font-size: 1.3rem; line-height: 1.4; }
@media (max-width: 640px) {
    [class*="st-key-"][class*="-headline"] p { font-size: 1.1rem; }
    [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
    .st-key-navigation { column-gap: 0.6rem; padding-right: 0; }
    [data-testid="stMain"] [data-testid="stPageLink"] p { white-space: normal; }
    .st-key-navigation p { font-size: 0.82rem; }
    .st-key-navigation::after { content: ""; order: 1; flex-basis: 100%; height: 0; }
    .st-key-navigation > :nth-child(n+4) { order: 2; }
    body:has([data-testid="stExpandSidebarButton"]) .st-key-navigation > :first-child { margin-left: 2.2rem; }
    [class*="st-key-"][class*="-steering"] { justify-content: flex-start; }
    [class*="st-key-"][class*="-steering"] button { padding-left: 0.6rem; padding-right: 0.6rem; }
    [class*="st-key-"][class*="-steering"] button span:has(> [data-testid="stIconMaterial"]) { display: none; }
}
</style>"""


def shell(title: str, opening: Callable[[], None] | None = None) -> None:
    """Sets the page's title, draws the navigation, and sees to it that the runner is there. The first statement of every page.

    `opening` draws what needs nothing but Streamlit: it is on the screen while a server that has just been started reads the rest.
    """
    page_title = title if title == NAME else f"{title} · {NAME}"
    st.set_page_config(page_title, TAB_ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(f"{STYLE}<script>{BACK}</script>", unsafe_allow_javascript=True)
    _navigation(title)
    if opening is not None:
        opening()
    _ensure_runner()


def _ensure_runner() -> None:
    from core.ui import errors, service  # with pandas, pydantic and SQLAlchemy behind them: half a second, once

    with errors.shown("The runner cannot be started, so nothing can be trained"):
        service.ensure_runner()


def _navigation(title: str) -> None:
    """Home and the pages; more than one group of pages, each in a menu of its own."""
    groups = {name: list(pages) for name, pages in groupby(PAGES, key=lambda page: page.group)}
    with st.container(key="navigation", horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(HOME, label=f"**{NAME}**", icon=ICON)
        for name, pages in groups.items():
            if len(groups) == 1:
                _links(pages)
                continue
            here = any(page.title == title for page in pages)
            with st.popover(f"**{name}**" if here else name, type="tertiary"):
                _links(pages)


def _links(pages: list[Page]) -> None:
    for page in (page for page in pages if page.listed):
        st.page_link(page.path, label=page.title, icon=page.icon, help=page.about)
