"""Running a comparison: its buttons, its estimated cost, and its progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.comparison import Comparison
from core.data.examples import DataError
from core.runs.configuration import LimitError, check
from core.runs.store import Action, Progress
from core.settings import SettingsError
from core.ui import errors, service
from core.ui.markdown import escaped
from core.ui.results import words
from core.ui.results.live import Results


@dataclass(frozen=True)
class Button:
    """One button: its action and its texts."""

    action: Action
    label: str
    icon: str
    help: str


RUN_HELP = (
    "Trains the runs that are not stored yet. An interrupted and resumed run ends with identical bits. With another number of "
    "worker processes, or together with other runs, it ends with the same numbers up to rounding."
)

BUTTONS = (
    Button("run", "Run", ":material/play_arrow:", RUN_HELP),
    Button(
        "pause", "Pause", ":material/pause:", "Stops after the current segment of training (about half a second); you can resume later."
    ),
    Button("step", "Epoch", ":material/skip_next:", "Trains every run for one more epoch, then pauses."),
    Button("resume", "Resume", ":material/resume:", "Continues from where it was paused."),
    Button("cancel", "Cancel", ":material/stop:", "Stops. All trained epochs stay stored, and Run continues from there."),
)


EXPLAINED = 720
"""Width in pixels of centred text, because longer lines are hard to read."""


def possible(progress: Progress) -> set[str]:
    """The actions that are possible in the current state, except those already requested."""
    if progress.runs_done == progress.runs and not progress.active:
        return set()
    if progress.pending == "cancel":
        return set()
    match progress.state:
        case "queued" | "running":
            return {"pause", "cancel"} - {progress.pending}
        case "paused":
            return {"resume", "step", "cancel"} - {progress.pending}
        case _:
            return {"run", "step"} if progress.pending is None else {"cancel"}


def title(results: Results, heading: str, page: str = "compare") -> None:
    """The page's heading with all buttons beside it; unusable buttons are disabled."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    complaints = st.container()
    left.title(heading, anchor=False)
    with right:
        buttons(results, page, complaints)


def row(results: Results, page: str) -> None:
    """The progress with the buttons beside it, for a part of a page with its heading above."""
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
    complaints = st.container()
    with left:
        _progress(results)
    with right:
        buttons(results, page, complaints)
    _troubles(results)


def buttons(results: Results, page: str, complaints: DeltaGenerator | None = None) -> None:
    """All buttons in a row; unusable ones are disabled. Errors after a click are shown in `complaints`, by default below the buttons."""
    allowed = possible(results.progress)
    with st.container(key=f"{page}.steering", horizontal=True, horizontal_alignment="right", gap="xsmall"):
        clicked = [button for button in BUTTONS if _clicked(button, enabled=button.action in allowed, key=f"{page}.do.{button.action}")]
    _do(clicked, results.comparison, complaints)


def run_button(results: Results, key: str) -> None:
    """A second Run button, for a page that has nothing else to show yet."""
    clicked = _clicked(BUTTONS[0], enabled="run" in possible(results.progress), key=key)
    _do(BUTTONS[:1] if clicked else (), results.comparison)


def nothing_yet(results: Results, key: str, text: str, heading: str = "Nothing has been trained with these settings yet") -> None:
    """The page before anything is stored: a description of its content, and the button that trains the runs."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(f"#### {heading}", width=EXPLAINED, text_alignment="center")
        st.caption(text, width=EXPLAINED, text_alignment="center")
        run_button(results, f"{key}.run_here")
        st.space("small")


def _clicked(button: Button, *, enabled: bool, key: str) -> bool:
    primary = button.action == "run" or (button.action == "resume" and enabled)
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    return st.button(button.label, key=key, icon=button.icon, help=button.help, disabled=not enabled, type=kind)


def _do(clicked: Sequence[Button], comparison: Comparison, complaints: DeltaGenerator | None = None) -> None:
    for button in clicked:
        with complaints or st.container(), errors.shown(f"{button.label} is not possible"):
            ask(comparison, button.action)
            st.rerun()


def ask(comparison: Comparison, action: Action) -> None:
    """Requests an action from the runner. Raises LimitError for a comparison above this installation's limits, DataError for unreadable
    data.
    """
    if action in ("run", "step", "resume"):
        check(comparison, service.configuration())
        service.ensure_runner()
    service.store().request(comparison, action)


def standing(results: Results) -> None:
    """One line with a bar: the estimated cost, or the progress, or that all runs are stored."""
    _progress(results)
    _troubles(results)


def _progress(results: Results) -> None:
    progress = results.progress
    done = progress.epochs_done / progress.epochs_total if progress.epochs_total else 0.0
    st.progress(min(max(done, 0.0), 1.0), text=words.standing(results))


def _troubles(results: Results) -> None:
    """Errors and warnings about the run."""
    progress = results.progress
    if progress.state == "failed":
        st.error(errors.as_list(progress.message.splitlines() or ["The runner gave no reason."]), title="The training failed")
    if progress.active and progress.trouble:
        st.warning(escaped(progress.trouble))
    if progress.active and not progress.runner:
        _why_no_runner()
    _warn_of_limits(results)


def _why_no_runner() -> None:
    """Why the runner is missing: it ends if the store refuses writes, and is started again later; it cannot report this in the store
    itself.
    """
    if complaint := service.store().complaint():
        st.error(errors.as_list([complaint]), title="Training is waiting, because results cannot be stored")
    else:
        st.caption("Waiting for the training process to start; this takes a few seconds after the start of the dashboard.")


def _warn_of_limits(results: Results) -> None:
    if results.missing and not results.progress.active:
        try:
            check(results.comparison, service.configuration())
        except LimitError as error:
            st.warning(errors.as_list([str(error)]), title="Too large for this installation")
        except DataError as error:
            st.error(errors.as_list([str(error)]), title="These data cannot be used")
        except SettingsError as error:
            st.warning(errors.as_list([str(error)]), title="This cannot be run here")
