"""Made-up histories, layers, histograms and grids in the shapes that the charts take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame

NAMES = ("SGD", "Adam")
LAYERS = ("0 linear", "1 linear", "2 linear")


def history(
    variants: Sequence[str] = NAMES,
    *,
    seeds: int = 3,
    epochs: int = 6,
    endings: Mapping[tuple[str, int], tuple[str, int]] | None = None,
) -> DataFrame:
    """A history of falling losses; `endings` says of (variant, seed) how and at which epoch it ended before the others."""
    rng = np.random.default_rng(0)
    whole, endings = ("finished", epochs), endings or {}
    keys = [(variant, seed) for variant in variants for seed in range(seeds)]
    return pd.concat([_run(*key, *endings.get(key, whole), rng) for key in keys], ignore_index=True)


def _run(variant: str, seed: int, status: str, last: int, rng: np.random.Generator) -> DataFrame:
    epoch = np.arange(last + 1)
    loss = 2 * np.exp(-epoch / 3) + rng.uniform(0.1, 0.2, last + 1)
    if status == "diverged":
        loss[-2:] = 50.0, np.inf
    frame = DataFrame({"variant": variant, "seed": seed, "run": f"{variant}-{seed}", "step": epoch * 7, "epoch": epoch.astype(float)})
    columns = {"samples": epoch * 70, "seconds": epoch * 0.1 * (1 + seed), "val_loss": loss, "train_loss_eval": loss * 0.8}
    accuracy = {"val_accuracy": 1 - loss / 3, "train_accuracy": 1 - loss / 4, "val_r2": np.nan, "train_r2": np.nan}
    return frame.assign(**columns, **accuracy, status=["running"] * last + [status])


def layers(table: DataFrame, names: Sequence[str] = LAYERS) -> DataFrame:
    """A row a layer for each row of a history; the first measurement has no update yet."""
    rng = np.random.default_rng(1)
    parts = [table[["run", "variant", "seed", "step", "epoch"]].assign(layer=name, place=place) for place, name in enumerate(names)]
    frame = pd.concat(parts).sort_values(["run", "step", "place"], ignore_index=True)
    norm = rng.lognormal(0, 1, len(frame)) * 10.0 ** -frame["place"]
    update = (norm / 1000).where(frame["step"] > 0)
    return frame.assign(grad_norm=norm, weight_norm=1 + norm, update_ratio=update, sparsity=frame["epoch"] / 10).drop(columns="place")


def predictions(table: DataFrame, *, classes: Sequence[str] = ("cat", "dog", "=1"), examples: int = 30) -> DataFrame:
    """What each run of a history predicted: of classes, or of a regression where there are none."""
    rng = np.random.default_rng(4)
    columns = ["variant", "seed", "run", "example", "target", "predicted", *(f"probability_{name}" for name in classes)]
    parts = [DataFrame(columns=columns)]
    for run in table.drop_duplicates("run")[["variant", "seed", "run"]].to_dict("records"):
        about = DataFrame({**run, "example": np.arange(examples)})
        if not classes:
            target = np.linspace(-3, 9, examples)
            parts.append(about.assign(target=target, predicted=target + rng.normal(0, 1, examples)))
            continue
        share = rng.dirichlet(np.ones(len(classes)), examples)
        names = np.array(classes, dtype=object)
        given = {f"probability_{name}": share[:, place] for place, name in enumerate(classes)}
        parts.append(about.assign(target=names[np.arange(examples) % len(classes)], predicted=names[share.argmax(1)], **given))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def histograms(table: DataFrame, names: Sequence[str] = LAYERS, bins: int = 16) -> DataFrame:
    """A histogram of 500 normal weights for each row of a history and layer."""
    rng = np.random.default_rng(2)
    rows = []
    for row in table[["run", "variant", "seed", "step", "epoch"]].to_dict("records"):
        for name in names:
            counts, edges = np.histogram(rng.normal(0, 1, 500), bins)
            rows.append({**row, "layer": name, "low": edges[0], "high": edges[-1], "counts": counts.astype(np.float32)})
    return DataFrame(rows, columns=["run", "variant", "seed", "step", "epoch", "layer", "low", "high", "counts"])


def grid(variants: Sequence[str] = NAMES, side: int = 12) -> DataFrame:
    """Class 1 above the line y = x, surer with the distance from it, as every variant sees it."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-2, 2, side), np.linspace(-1, 1, side)))
    confidence = 1 / (1 + np.exp(-4 * np.abs(y - x)))
    one = DataFrame({"x": x, "y": y, "class": (y > x).astype(float), "confidence": confidence})
    return pd.concat([one.assign(variant=variant) for variant in variants], ignore_index=True)


def points(count: int = 50) -> DataFrame:
    """Points of two classes in a training and a validation part."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-2, 2, count), rng.uniform(-1, 1, count)
    return DataFrame({"x": x, "y": y, "class": (y > x).astype(int), "part": np.where(np.arange(count) % 4, "train", "validation")})
