"""The page of data recovery: a division, a search, and membership inference, each with controls, its result and the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.analysis.labs import privacy as analysis
from core.charts.labs import privacy as charts
from core.charts.parts import palette
from core.experiments.claims.reading import UNBROKEN
from core.experiments.labs.data_recovery import DIVISION, EXPERIMENTS, MEMBERSHIP, PAGE, SEARCH
from core.labs.privacy.gradient_inversion import CLOSE
from core.labs.privacy.membership import OVERFITTED, REGULARISED
from core.ui.form import links
from core.ui.form.controls import Values
from core.ui.markdown import escaped
from core.ui.pages.data_recovery import finding
from core.ui.pages.data_recovery.controls import CONTROLS, TABS, labs
from core.ui.results import lab_page
from core.ui.results.drawing import figure
from core.ui.results.lab_page import LabPage
from core.ui.results.labs import Found
from core.ui.results.parts import tabs
from core.ui.results.table import csv_button

MOST_SHOWN = 16
COLOURS = {OVERFITTED: palette.COLOURS[1], REGULARISED: palette.COLOURS[0]}
WHY = {
    DIVISION: "In the first layer `z = W x + b`, the gradient by a unit's weights is `δ x`, and by its bias `δ`. A plain SGD update "
    "changes both with the same rate, so their ratio is the input, for any rate and any layers above. With more pictures in the update, "
    "a unit gives their mean, weighted by `δ`. A ReLU unit that is active for only one picture still reveals this picture.",
    SEARCH: "The gradient has thousands of numbers, and a batch of eight pictures has 512 unknown numbers. L-BFGS begins with noise and "
    "changes the pixels until they have the same gradient, in float64; weights and labels are known. More pictures have more unknown "
    "numbers, and the search more often ends at a point that is not a solution.",
    MEMBERSHIP: "An overfitted network has a lower loss on its training examples (the members) than on others. The AUC is the share of "
    "pairs of one member and one other example in which the member has the lower loss. It grows with the gap between the two accuracies. "
    "Methods that reduce this gap hide the members: early stopping, more data, weight decay.",
}
SOURCES = {
    DIVISION: "Phong et al. 2018, doi:10.1109/TIFS.2017.2787987",
    SEARCH: "Zhu, Liu & Han 2019, arXiv:1906.08935 · Zhao et al. 2020, arXiv:2001.02610",
    MEMBERSHIP: "Yeom et al. 2018, arXiv:1709.01604",
}
FORMULAS = {
    DIVISION: r"x = \frac{W'_u - W_u}{b'_u - b_u}",
    SEARCH: r"\min_x \; \lVert g(x) - g \rVert^2 / \lVert g \rVert^2",
    MEMBERSHIP: r"\text{member} \iff L(x, y) < \tau",
}


WORDS = {
    experiment.title: LabPage(
        experiment,
        CONTROLS[experiment.title],
        failed="This cannot be recovered",
        why=WHY[experiment.title],
        formula=FORMULAS[experiment.title],
        sources=SOURCES[experiment.title],
        question="30",
    )
    for experiment in EXPERIMENTS
}
"""By part."""


def draw() -> None:
    """Draws the page."""
    links.open_afresh(PAGE)
    st.title("Data recovery", anchor=False)
    tabs(f"{PAGE}.tab", {tab: partial(_part, tab) for tab in TABS})


def _part(tab: str) -> None:
    values = CONTROLS[tab].draw()
    lab_page.look(WORDS[tab])
    lab_page.draw(WORDS[tab], labs(tab, values), partial(_draw, tab, values))


def _draw(tab: str, values: Values, found: Found) -> None:
    drawers: dict[str, Callable[[Values, Found], None]] = {DIVISION: _division, SEARCH: _search, MEMBERSHIP: _membership}
    lab_page.sentence(WORDS[tab], found, *_said(tab, values, found))
    figures, why = st.columns([3, 2], gap="large")
    with figures:
        drawers[tab](values, found)
    with why:
        lab_page.why(WORDS[tab])
        lab_page.try_this(WORDS[tab], values)


def _said(tab: str, values: Values, found: Found) -> tuple[str, str]:
    """The result in a sentence, and its small print; both empty if there are no results yet."""
    if tab == MEMBERSHIP:
        whole = found.frames.get(f"{values['epochs']} epochs")
        return ("", "") if whole is None else (finding.of_membership(rows := analysis.quality(whole)), finding.small_print(rows))
    if not found.frames:
        return "", ""
    if tab == SEARCH:
        return finding.of_search(list(found.frames.values()), int(values["batch"])), ""
    return finding.of_division(next(iter(found.frames.values()))), ""


def _division(values: Values, found: Found) -> None:
    if not found.frames:
        st.skeleton(height=320)
        return
    _pictures("division", next(iter(found.frames.values())))


def _search(values: Values, found: Found) -> None:
    if not found.frames:
        st.skeleton(height=320)
        return
    name = analysis.best(found.frames)
    st.markdown(f"**{name.capitalize()}**, the best of {len(found.frames)}" if len(found.frames) > 1 else f"**{name.capitalize()}**")
    _pictures("search", found.frames[name])
    each = [f"{name}: {(analysis.errors(pixels) <= CLOSE).sum():g} of {values['batch']}" for name, pixels in found.frames.items()]
    st.caption(escaped(f"Found to within 1{UNBROKEN}% in {', in '.join(each)}."))


def _pictures(name: str, pixels: DataFrame) -> None:
    shown = pixels[pixels["example"] < MOST_SHOWN]
    said = dict(enumerate(map(finding.in_words, analysis.errors(shown))))
    figure(f"{PAGE}.{name}", charts.beside(shown, said))
    hidden = pixels["example"].nunique() - len(said)
    more = f" {hidden} more are not drawn." if hidden else ""
    st.caption(
        "Above: the original; below: the recovered picture. Under both: the number of right digits, or the error relative to the size of "
        "the "
        f"picture.{more}"
    )
    csv_button(f"{PAGE}.{name}.csv", "recovered.csv", pixels, "One row for each pixel, true and recovered.")


def _membership(values: Values, found: Found) -> None:
    left, right = st.columns(2, gap="medium")
    whole = found.frames.get(f"{values['epochs']} epochs")
    with left:
        st.subheader(
            "ROC", anchor=False, help="ROC curve over all thresholds of the loss, for the first seed. The dotted line is guessing."
        )
        if whole is None:
            st.skeleton(height=280)
        else:
            figure(f"{PAGE}.roc", charts.roc(analysis.roc(whole), variants=list(COLOURS), colours=COLOURS), stretch=True)
    with right:
        st.subheader("AUC against overfitting", anchor=False, help="Pale dots: seeds. The line connects the means, in order of epochs.")
        _over_gap(found.frames)


def _over_gap(frames: Mapping[str, DataFrame]) -> None:
    if not frames:
        st.skeleton(height=280)
        return
    rows = pd.concat([analysis.quality(frame) for frame in frames.values()], ignore_index=True).sort_values(["variant", "epochs"])
    means = analysis.means(rows)
    figure(f"{PAGE}.gap", charts.auc_over_gap(rows, means, analysis.longest(means), variants=list(COLOURS), colours=COLOURS), stretch=True)
    csv_button(f"{PAGE}.membership.csv", "membership.csv", rows, "One row for each network, seed and number of epochs.")
