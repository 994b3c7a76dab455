"""Every page, and every tab of it, at every moment of a comparison that grows, ends well, ends badly, or never was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame

from core.analysis import metrics
from core.runs.store import Store
from core.ui.form import links
from core.ui.shell import HOME
from tests.pages.conftest import TITLES, texts
from tests.pages.moments.conftest import Stores
from tests.pages.moments.drawn import Drawn, draw, faults
from tests.pages.moments.timeline import MOMENTS, OF_STATE
from tests.pages.moments.views import View, Views

COLUMNS = {metrics.heading(name): name for name, metric in metrics.METRICS.items() if metric.offered}
HALF_ARRIVED = "uneven"
"""Of this moment it is known that some variants are further than others."""


def shown() -> Iterator[tuple[str, str]]:
    """Every moment on every page; but those of state on the workbench, and each on a third of the other pages in turn."""
    for number, path in enumerate([HOME, *TITLES]):
        for place, moment in enumerate(MOMENTS):
            if moment not in OF_STATE or path == links.COMPARE or (number + place) % 3 == 0:
                yield path, moment


@pytest.mark.parametrize(("path", "moment"), list(shown()))
def test_a_page_shows_what_there_is(views: Views, home: Path, a_store: Stores, path: str, moment: str):
    found = {}
    for view in views.of(path, moment):
        with a_store() as store:
            MOMENTS[moment](view.stage(store))
            drawn = draw(path, view.query)
            means = list(compared(drawn, view, store))
            if wrong := faults(drawn, failed=moment.startswith("failed")) + [said for said in means if said]:
                found[view.name] = wrong
            assert means or (path, moment) != (links.COMPARE, HALF_ARRIVED), "there is a table below the sentence"
    assert not found


def compared(drawn: Drawn, view: View, store: Store) -> Iterator[str]:
    """For each table of means below a sentence that names an epoch, what is wrong if its means are not of that epoch."""
    said = re.search(r"So far, at epoch ([\d.]+)", texts(drawn.app).replace("\\", ""))
    tables = [table.value for table in drawn.app.dataframe if {"variant", "mean", "diverged"} <= set(table.value.columns)]
    boxes = [COLUMNS.get(box.value, box.value) for box in drawn.app.main.selectbox if box.key.endswith(".metric")]
    if said and boxes:
        for table in tables:
            expected = table["variant"].map(at_epoch(store, view, boxes[0], float(said[1])))
            yield (
                ""
                if np.allclose(table["mean"], expected, equal_nan=True)
                else f"at epoch {said[1]}: {dict(expected)}, not {dict(table['mean'])}"
            )


def at_epoch(store: Store, view: View, metric: str, epoch: float) -> dict[str, float]:
    """The mean of each variant over its seeds that did not diverge, of their last values up to that epoch, which has three digits."""
    (history, _), runs = store.history(view.comparison), store.runs(view.comparison)
    usable: DataFrame = history[(history["epoch"] <= 1.002 * epoch) & ~history["run"].isin(runs.loc[runs["status"] == "diverged", "run"])]
    last = usable.sort_values("step", kind="stable").drop_duplicates(["variant", "seed"], keep="last")
    return dict(last[np.isfinite(last[metric])].groupby("variant")[metric].mean())
