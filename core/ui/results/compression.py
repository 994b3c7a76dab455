"""Shared parts of the pages on compression: references that a comparison lacks, sizes, and timing on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st
from pandas import DataFrame

from core.analysis import metrics
from core.comparison import LONGEST_NAME, Comparison, label, value_at
from core.engine.network import state_dicts
from core.engine.network.state_dicts import Array
from core.engine.sizes import sizes
from core.settings import RunSettings, SettingsError
from core.ui import errors, service
from core.ui.form import varied
from core.ui.markdown import escaped
from core.ui.results import view, words
from core.ui.results.live import Results

if TYPE_CHECKING:
    from torch import nn

BATCH = 512
"""Examples in the batch on which networks are timed."""

Reference = Callable[[RunSettings], RunSettings | None]


def changed(run: RunSettings, **choices: object) -> RunSettings:
    """The same settings with other choices, validated again, unlike a pydantic copy."""
    return RunSettings.model_validate(run.model_dump() | choices)


def with_references(asked: Comparison, references: dict[str, Reference]) -> Comparison:
    """The comparison with its references in front; ends the page with a message if that is not possible.

    Each reference makes one run from a variant's run. Different references are told apart by their settings; one that is already a variant
    is not added.
    """
    known = {run.key for _, run in asked.members}
    every = [*_references(asked, list(asked.settings.values()), references, known), *asked.settings.items()]
    variants = [{"name": name[:LONGEST_NAME], **varied.differences(asked.base, run)} for name, run in every]
    try:
        return Comparison.load({"base": asked.base, "variants": variants, "seeds": asked.seeds})
    except SettingsError as error:
        errors.stop("These settings cannot be compared with a reference", str(error).splitlines())


def _references(
    asked: Comparison, runs: Sequence[RunSettings], references: dict[str, Reference], known: set[str]
) -> Iterator[tuple[str, RunSettings]]:
    for name, make in references.items():
        made = {run.key: run for run in map(make, runs) if run is not None and run.key not in known}
        for told, run in _told_apart(list(made.values())):
            called = f"{name}, {told}" if told else name
            yield (called if called not in asked.names else f"{called} (reference)"), run


def _told_apart(runs: list[RunSettings]) -> list[tuple[str, RunSettings]]:
    """Each run with the settings in which it differs from the others: `labelled=0.05`; empty for a single run."""
    paths = dict.fromkeys(path for run in runs[1:] for path in varied.differences(runs[0], run))
    return [(", ".join(label(path, value_at(run, path)) for path in paths), run) for run in runs]


def metric_choice(page: str, results: Results, first: str = "val_accuracy") -> str:
    """The metric that everything on the page shows."""
    offered = view.metrics(results)
    index = offered.index(first) if first in offered else 0
    view.named_in_link(f"{page}.metric", offered)
    chosen = st.selectbox(
        "Metric",
        offered,
        index=index,
        format_func=view.in_words,
        key=f"{page}.metric",
        bind="query-params",
        width=205,
        help="At the end of each run, because the best value of a run may be from before the compression.",
    )
    return str(chosen)


def weights_of(results: Results, run: RunSettings) -> dict[str, Array] | None:
    """The trained weights of a run by name; None if the run has not ended."""
    data = results.store.weights(run.key)
    return None if data is None else state_dicts.arrays(data)


def multiply_adds(results: Results) -> dict[str, dict[str, int]]:
    """Multiply-adds for one example, by variant and layer."""
    return {name: run.model.multiply_adds(sizes(run)) for name, run in results.comparison.settings.items()}


class Speed(NamedTuple):
    """The times of two networks on the same batch, and their numbers of parameters."""

    milliseconds: tuple[float, float]
    ratio: float
    parameters: tuple[int, int]
    hidden: tuple[int, ...]  # hidden sizes of the second network if it is an MLP


@st.cache_data(show_spinner="Both networks are timed …", max_entries=50, scope="session")
def timed(url: str, first: str, second: str | None) -> Speed | str:
    """Times a stored network against another (run keys), or against itself without its pruned units (None). Returns a text if that is not
    possible.

    It imports torch, so it is called only on request.
    """
    import torch

    from core.engine.network import compact
    from core.labs import timing

    one = _network(first)
    try:
        other = compact.smaller(one) if second is None else _network(second)
        hidden = compact.hidden_sizes(other)
    except compact.NotSeparableError as error:
        if second is None:
            return str(error)
        hidden = ()
    settings = service.store().settings(first)
    dtype = next(one.parameters()).dtype
    inputs = sizes(settings).inputs if settings else 1
    x_BD = torch.randn(BATCH, inputs, dtype=dtype, generator=torch.Generator().manual_seed(0))
    taken = timing.compare(one, other, x_BD)
    counts = tuple(sum(parameter.numel() for parameter in model.parameters()) for model in (one, other))
    return Speed((1e3 * taken.first, 1e3 * taken.second), taken.ratio, (counts[0], counts[1]), hidden)


def _network(key: str) -> nn.Module:
    from core.engine.network.networks import trained_model

    store = service.store()
    settings, data = store.settings(key), store.weights(key)
    if settings is None or data is None:
        raise SettingsError("the run is no longer stored; run the comparison again")
    return trained_model(settings, data)


@st.cache_data(show_spinner="Computing the teacher's outputs …", max_entries=20, scope="session")
def outputs_of(key: str, x_ND: Array) -> Array:
    """The outputs of a stored network for examples (N, C). Imports torch."""
    import torch

    model = _network(key)
    with torch.inference_mode():
        outputs: Array = model(torch.tensor(x_ND, dtype=next(model.parameters()).dtype)).numpy()
    return outputs


def note(text: str) -> None:
    """Small print, shown literally."""
    st.caption(escaped(text))


def number(title: str, form: str, meaning: str) -> Any:
    """A column of numbers in a table."""
    return st.column_config.NumberColumn(title, format=form, help=meaning)


AGAINST = st.column_config.TextColumn("Compared with", help="The variant that shares every other setting.")


def with_counterparts(frame: DataFrame) -> DataFrame:
    """The table with each variant's counterpart, if these are not all the same."""
    told = frame["counterpart"].where(frame["counterpart"] != "")
    return frame.assign(counterpart=told) if told.nunique() > 1 else frame.drop(columns="counterpart")


def quality(metric: str, loss: str, title: str, counterpart: str) -> dict[str, Any]:
    """The table columns for each variant's quality and for its difference to its counterpart.

    `title` is the title of the column with the difference; `loss` is the unit of losses, from `metrics.loss_unit`.
    """
    return {
        "n": number("Seeds", "%d", "Runs that are stored, waiting or training."),
        "diverged": number("Diverged", "%d", words.DIVERGED),
        "mean": view.column(metric, loss, format="%.4g", help="Mean over seeds, at the end of training."),
        "half": number("±", "%.2g", "Half of the 95 % interval (t distribution over seeds)."),
        "difference": number(title, "%+.3g", f"Difference to {counterpart}, paired by seed."),
        "difference_half": number("± ", "%.2g", "Half of that difference's 95 % interval."),
        "counterpart": AGAINST,
        **{name: view.column(name, loss) for name in metrics.TESTS},
    }


def shown_table(key: str, frame: DataFrame, columns: dict[str, Any], alt: str) -> None:
    """A table with only those columns that have a title and a description."""
    st.dataframe(
        frame[[name for name in columns if name in frame]].dropna(axis="columns", how="all"),
        key=key,
        hide_index=True,
        column_config=columns,
        placeholder="–",
        alt=alt,
    )
