"""The start of every page: its title, the navigation above it, and the runner behind it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import streamlit as st

NAME = "Tandem"
ICON = ":material/stacked_line_chart:"
TAB_ICON = Path(__file__).with_name("icon.svg").read_text(encoding="utf-8")
"""Icon in the browser's tab, from our own file. The browser would fetch one of Streamlit's icons from another host."""

BACK = Path(__file__).with_name("back.js").read_text(encoding="utf-8")
"""Streamlit writes a page's address several times after one click; this script makes them one entry of the browser's history."""

HOME = "dashboard.py"
SIDEBAR_WIDTH = 350  # pixels, so that two settings fit side by side


class Page(NamedTuple):
    """A row in the table of pages: its place in the navigation, and its description in one line.

    listed: whether the navigation and the home page show it; a page that other pages link to need not be listed.
    """

    group: str
    title: str
    path: str
    icon: str
    about: str
    listed: bool = True


PAGES = (
    Page(
        "Questions", "Questions", "pages/questions.py", ":material/quiz:", "Interview questions: guess first, then see the answer measured."
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
    Page("Lab", "History", "pages/runs.py", ":material/history:", "All your comparisons: find, open, name, export, delete."),
    Page(
        "Optimization",
        "Optimizers",
        "pages/optimizers.py",
        ":material/route:",
        "Their paths on surfaces that you can see, and on a network.",
    ),
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
    Page(
        "Compression", "Pruning", "pages/pruning.py", ":material/content_cut:", "How much of a network can be removed, and what that saves."
    ),
    Page("Compression", "Distillation", "pages/distillation.py", ":material/school:", "What a small network learns from a large one."),
)
"""All pages except the home page. A new page is a file in pages/ and a row here. Groups have the order of their first page."""

# Streamlit leaves an empty band above the page for its own few buttons. The bar of pages stands in that band, and leaves room for them at
# both ends. The buttons take clicks; the empty space between them lets clicks through. In the sidebar the band has the height of its
# button.
# On a telephone the bar has two rows: three entries between those buttons, and below them the others, over the whole width.
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
    """Sets the page's title, draws the navigation, and makes sure that the runner exists. It is the first statement of every page.

    `opening` draws what needs only Streamlit, so that it is visible while a newly started server imports the rest.
    """
    page_title = title if title == NAME else f"{title} · {NAME}"
    st.set_page_config(page_title, TAB_ICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(f"{STYLE}<script>{BACK}</script>", unsafe_allow_javascript=True)
    _navigation(title)
    if opening is not None:
        opening()
    _ensure_runner()


def _ensure_runner() -> None:
    from core.ui import errors, service  # pandas, pydantic and SQLAlchemy come with them: half a second, once

    with errors.shown("The runner cannot be started, so training is not possible"):
        service.ensure_runner()


def _navigation(title: str) -> None:
    """Home and the pages; each group with several pages has its own menu."""
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
