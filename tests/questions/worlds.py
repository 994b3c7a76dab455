"""Made-up worlds: frames of the right form with numbers drawn at random, in which a claim holds, fails, or cannot be told.

A world has a level for each variant and metric, another shape of curve and another scatter over seeds, and now and then a run that
diverges; of a lab, its own frame, whose measured columns are drawn anew. Two worlds are mixed seed by seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from core.analysis.metrics import TESTS
from core.engine.records import HISTORY_COLUMNS, LAYER_COLUMNS
from core.experiments.claims.claim import Measured
from core.runs.store.schema import LAST_COLUMNS
from tests.questions import made_up

EPOCHS, LAYERS = made_up.EPOCHS, made_up.LAYERS
SHARES = ("accuracy", "f1", "fraction", "sparsity", "near_zero", "cosine")
COUNTED = ("run", "step", "epoch", "samples", "seconds", "lr", "status", "moment", "layer", "counts")
"""Columns that no metric is in."""
METRICS = [name for name in HISTORY_COLUMNS if name not in COUNTED]
OF_LAYERS = [name for name in LAYER_COLUMNS if name not in COUNTED]


def drawn(question, rng):
    """One world for a question."""
    found = {name: compared(comparison, rng) for name, comparison in question.comparisons.items()}
    return found | {name: Measured(frame=anew(frame, rng)) for name, frame in labs(question).items()}


def labs(question):
    """The frames of a question's labs, each computed once."""
    for lab in question.labs.values():
        if lab.key not in made_up.COMPUTED:
            made_up.COMPUTED[lab.key] = lab.compute()
    return {name: made_up.COMPUTED[lab.key] for name, lab in question.labs.items()}


def compared(comparison, rng):
    """The frames of a comparison's runs."""
    variants, members = zip(*comparison.members, strict=True)
    runs = DataFrame({"variant": variants, "seed": [run.seed for run in members], "run": [run.key for run in members]})
    group = pd.factorize(runs["variant"])[0]
    fallen = rng.random(group.max() + 1) < rng.choice([0.0, 0.3])
    status = np.where(fallen[group], "diverged", "finished")
    epochs = np.arange(EPOCHS + 1)
    history = runs.loc[runs.index.repeat(EPOCHS + 1)].reset_index(drop=True)
    times = np.tile(epochs, len(runs))
    history = history.assign(step=10 * times, epoch=times.astype(float), samples=100 * times, seconds=0.1 * times, lr=0.01, moment="")
    curves = {name: curve(name, ends(name, group, rng), group, rng) for name in METRICS}
    history = history.assign(**{name: values.ravel() for name, values in curves.items()})
    history["status"] = np.where(times == EPOCHS, np.repeat(status, EPOCHS + 1), "running")
    last = {f"last_{name}": curves[name][:, -1] for name in LAST_COLUMNS if name in curves}
    tested = {name: ends(name, group, rng) for name in TESTS}
    counted = {"epochs": EPOCHS, "epoch": float(EPOCHS), "step": 10 * EPOCHS, "seconds": 1.0, "parameters": 100, "nonzero": 90}
    return Measured(history, by_layer(history, group, rng), runs.assign(status=status, **counted, **last, **tested))


def by_layer(history, group, rng):
    """A level for each variant, layer and measure."""
    each = history[["variant", "seed", "run", "step", "epoch"]]
    frames = []
    for layer in LAYERS:
        values = {name: np.repeat(ends(name, group, rng), EPOCHS + 1) for name in OF_LAYERS}
        frames.append(each.assign(layer=layer, **values))
    return pd.concat(frames).sort_values(["run", "step"], kind="stable", ignore_index=True)


def ends(name, group, rng):
    """What each run ends at: a level for each group, or one for all of them, and a scatter, which may be none."""
    count = group.max() + 1
    share = any(part in name for part in SHARES)
    level = (
        rng.choice([rng.random(count), np.ones(count), np.zeros(count)], p=[0.7, 0.2, 0.1]) if share else 10 ** rng.uniform(-3, 2, count)
    )
    level = np.full(count, level[0]) if rng.random() < 0.25 else level
    scatter = 10 ** rng.uniform(-4, -0.5, count) * (rng.random(count) < rng.choice([0.0, 0.7, 1.0]))
    noise = scatter[group] * rng.standard_normal(len(group))
    return np.clip(level[group] + noise, 0, 1) if share else level[group] * np.exp(noise)


def curve(name, end, group, rng):
    """Values over the epochs that lead to the end, a row a run: each group falls, or rises, and swings in its own way."""
    count = group.max() + 1
    left = 1 - np.arange(EPOCHS + 1) / EPOCHS
    start, swing = rng.uniform(-1, 3, count)[group, None], 10 ** rng.uniform(-4, -0.5, count)[group, None]
    swings = 1 + swing * rng.uniform(-1, 1, (len(group), EPOCHS + 1)) * (left > 0)
    if any(part in name for part in SHARES):
        return np.clip((end[:, None] + left * np.clip(start - 1, -1, 1)) * swings, 0, 1)
    return end[:, None] * np.exp(start * left) * swings


def measured_columns(frame):
    """The columns that were measured: all numbers but settings, which are the same for each seed and do not follow from others."""
    numbers = [name for name in frame if name != "seed" and is_numeric_dtype(frame[name])]
    if "seed" not in frame or frame["seed"].nunique() == 1 or frame["seed"].value_counts().nunique() > 1:
        return numbers
    by_seed, seeds = frame.sort_values("seed", kind="stable"), frame["seed"].nunique()
    same = [name for name in numbers if same_for_all(by_seed[name].to_numpy(), seeds)]
    settings = [name for name in frame if name in same or (name != "seed" and name not in numbers)]
    return [name for name in numbers if name not in same or follows(frame, name, [other for other in settings if other != name])]


def follows(frame, name, others):
    """Whether a column has one value for each of the others' values, and is none of them under another name, as updates of epochs."""
    pairs = [frame[[name, other]].drop_duplicates() for other in others if is_numeric_dtype(frame[other])]
    renamed = any(pair.iloc[:, 0].is_unique and pair.iloc[:, 1].is_unique for pair in pairs)
    return bool(others) and not renamed and frame.groupby(others)[name].nunique().max() == 1


def same_for_all(values, seeds):
    """Whether each seed has the same different values, as a column of settings has."""
    sorted_by_seed = np.sort(values.reshape(seeds, -1), axis=1)
    return len(np.unique(values)) > 1 and (sorted_by_seed == sorted_by_seed[0]).all()


def anew(frame, rng):
    """A lab's frame with some of the columns that it measured drawn anew: a level for each case, times what was measured or without."""
    measured = measured_columns(frame)
    columns = [name for name in measured if rng.random() < 0.7]
    cases = [name for name in frame if name not in measured and name != "seed"]
    group = frame.groupby(cases, sort=False).ngroup().to_numpy() if cases else np.zeros(len(frame), int)
    return frame.assign(**{name: column_anew(frame[name], group, rng) for name in columns})


def column_anew(column, group, rng):
    count = group.max() + 1
    if is_bool_dtype(column):
        return rng.random(len(group)) < rng.choice([0.0, 0.5, 1.0], count)[group]
    level = rng.choice([10 ** rng.uniform(-18, 3, count), rng.uniform(-1, 1, count), np.zeros(count), np.ones(count)])
    scattered = level[group] * np.exp(rng.choice([0.0, 0.1]) * rng.standard_normal(len(group)))
    return column * (1 + level[group]) if rng.random() < 0.3 else pd.Series(scattered, column.index)


def two(question, most=120):
    """For each claim a world in which it holds and one in which it fails, of as many as are drawn: a dictionary by verdict."""
    rng = np.random.default_rng(0)
    found = [{} for _ in question.claims]
    for _ in range(most):
        wanting = [(claim, each) for claim, each in zip(question.claims, found, strict=True) if not {"holds", "fails"} <= set(each)]
        if not wanting:
            break
        world = drawn(question, rng)
        for claim, each in wanting:
            each.setdefault(claim.judge(world).verdict, world)
    return found


def between(claim, holding, failing, steps=40):
    """The judgement in the first mixture of the two worlds in which the claim is unclear; None: in none."""
    orders = ((holding, failing), (failing, holding))
    judged = (claim.judge(mixed(*order, step / steps)) for order in orders for step in range(1, steps))
    return next((found for found in judged if found.verdict == "unclear"), None)


def mixed(first, second, share):
    """A world whose first seeds, as many as this share of them, are those of one world, and the others those of another."""
    return {name: Measured(*(_mixed(*pair, share) for pair in _pairs(first[name], second[name]))) for name in first}


def _pairs(first, second):
    return [(getattr(first, name), getattr(second, name)) for name in ("history", "layers", "runs", "frame")]


def _mixed(first, second, share):
    if first.empty:
        return first
    unit = next((first[name] for name in ("seed", "variant") if name in first and first[name].nunique() > 1), first.index.to_series())
    places = pd.factorize(unit)[0]
    mine = places < round(share * (places.max() + 1))
    return pd.concat([first[mine], second[~mine]]).sort_index()


def holed(world):
    """The same world, in which nothing was measured of the first seed: each of its numbers is missing."""
    return {name: Measured(*(_holed(*pair) for pair in _pairs(each, each))) for name, each in world.items()}


def _holed(frame, _):
    if frame.empty:
        return frame
    names = [name for name in measured_columns(frame) if name not in COUNTED and name not in ("epochs", "parameters", "nonzero")]
    first = frame["seed"].eq(frame["seed"].iloc[0]) if "seed" in frame else np.ones(len(frame), bool)
    return frame.assign(**{name: frame[name].astype(float).mask(first) for name in names})
