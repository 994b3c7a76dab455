"""The pruned weights of single networks: the inputs that are still used, and the units that can be removed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st
from pandas import DataFrame

from core.charts import compression as charts
from core.data.sets import DataChoice
from core.engine.network.state_dicts import Array
from core.ui.markdown import escaped
from core.ui.results import compression
from core.ui.results.drawing import chart
from core.ui.results.live import Results

PATIENCE = 2.0


def draw(page: str, results: Results, names: list[str], level: float, seed: int) -> None:
    """One picture for each variant: the inputs that the first layer still uses."""
    st.caption(
        "How many weights of the first layer each input still has. An input without weights is not used; criteria that see the data prune "
        "the pixels at the border, which are empty in every digit."
    )
    frame = results.once(("masks", level, seed), lambda: masks_of(results, names, seed), PATIENCE)
    if frame.empty:
        st.info("Masks are drawn for networks whose first layer has weights for each input, after their training here has ended.")
        return
    high = int(frame["value"].max())
    shown = list(dict.fromkeys(frame["variant"]))
    grid = st.grid(min(len(shown), 7), min_column_width=120, gap="small")
    for index, name in enumerate(shown):
        with grid.cell():
            one = frame[frame["variant"] == name]
            about = (level, seed, name)
            chart(
                results,
                f"{page}.mask{index}",
                charts.pictures,
                one,
                about=about,
                variants=[name],
                value_title="remaining weights of each input",
                high=high,
                side=100,
                legend=False,
            )
    compression.note(f"Dark: no weights. Brightest: {high}. All pictures have the same colour scale.")


def masks_of(results: Results, names: list[str], seed: int) -> DataFrame:
    """Remaining weights of the first layer by input: variant (the family), row, column, value."""
    runs = {name: run for name, run in results.comparison.members if run.seed == seed and name in names}
    families = results.comparison.families("pruning.sparsity", nameless="sparsity")
    frames = []
    for name, run in runs.items():
        weights = compression.weights_of(results, run)
        counts = None if weights is None else surviving(weights)
        if counts is not None:
            frames.append(_placed(counts, run.data).assign(variant=families[name]))
    return pd.concat(frames, ignore_index=True) if frames else DataFrame(columns=["variant", "row", "column", "value"])


def surviving(weights: dict[str, Array]) -> Array | None:
    """How many weights of a fully connected first layer are nonzero for each input (D,); None for another kind of layer."""
    first = next((array for name, array in weights.items() if name.startswith(("hidden1.linear.", "output.")) and array.ndim == 2), None)
    return None if first is None else np.count_nonzero(first, axis=0)


def _placed(counts: Array, data: DataChoice) -> DataFrame:
    """Inputs at their positions: rows and columns of a picture (with its channels summed), or one row for data without a shape."""
    shape = data.shape if data.shape is not None and math.prod(data.shape) == len(counts) else (len(counts),)
    picture = counts.reshape(shape).sum(axis=0) if len(shape) == 3 else counts.reshape(-1, shape[-1])
    rows, columns = np.indices(picture.shape)
    return DataFrame({"row": rows.ravel(), "column": columns.ravel(), "value": picture.ravel()})


def smaller(page: str, results: Results, level: float, seed: int) -> None:
    """Networks without their pruned units, timed against the full networks on request."""
    st.caption(
        "Zeros in a dense matrix are multiplied like any other number: they save nothing by themselves. Whole units can be removed, and "
        "then the "
        "network really is smaller, with the same outputs."
    )
    runs = [
        (name, run)
        for name, run in results.comparison.members
        if run.seed == seed and run.pruning.by_unit and getattr(run.pruning, "sparsity", 0) == level
    ]
    if not runs:
        st.info("No variant here prunes whole units at this sparsity. Let `units` be among the values of pruning, in the sidebar.")
        return
    if not st.toggle(
        "Remove the units and time both networks", key=f"{page}.time", help="Takes a few seconds the first time: torch is loaded."
    ):
        return
    for name, run in runs:
        if results.store.weights(run.key) is None:
            st.info(f"{escaped(name)}: the network can be timed after its training here has ended.")
            continue
        _speed(name, compression.timed(results.store.url, run.key, None))


def _speed(name: str, speed: compression.Speed | str) -> None:
    if isinstance(speed, str):
        st.warning(escaped(speed), title=f"{escaped(name)}: no unit can be removed")
        return
    st.markdown(f"**{escaped(name)}**: hidden layers of {' and '.join(map(str, speed.hidden))} units are left")
    dense, small = speed.milliseconds
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Parameters", f"{speed.parameters[1]:,}", f"of {speed.parameters[0]:,}", delta_color="off", delta_arrow="off", width="content"
        )
        st.metric("Forward pass", f"{small:.3f} ms", f"before {dense:.3f} ms", delta_color="off", delta_arrow="off", width="content")
        st.metric(
            "Measured speed-up",
            f"{speed.ratio:.2f}×",
            width="content",
            help=f"Median of 50 alternating passes of {compression.BATCH} examples.",
        )
