"""Charts to draw: those of a history with every kind of table, all others with a small frame of what each takes."""

from __future__ import annotations

import numpy as np
from pandas import DataFrame

from core.analysis import metrics
from core.analysis import predictions as analysis
from core.analysis import recurrent as lags
from core.analysis.recurrent import diverged_shares
from core.analysis.shown import layerwise
from core.charts import (
    activation_functions,
    answer_lines,
    answers,
    batch_size,
    compression,
    early_stopping,
    gradient_flow,
    normalization,
    optimizers,
    recurrent,
    regularization,
    schedules,
)
from core.charts.labs import distributed, privacy
from core.charts.parts import palette
from core.charts.results import boundary, curves, layers, pairs, predictions, sensitivity, summary, targets, weights
from core.labs.networks import norm_axes
from tests.charts.frames import NAMES, grid, histograms, history, points
from tests.charts.frames import layers as layer_rows
from tests.charts.frames import predictions as predicted

MANY = tuple(f"lr={place}" for place in range(10))
HOSTILE = ('"]; alert(1) //', "<b>=1</b>")
MANY_CLASSES = tuple(f"class {place}" for place in range(20))
DEEP = tuple(f"{place} linear" for place in range(9))
ENDINGS = {("SGD", 1): ("diverged", 3), ("Adam", 0): ("stopped", 4), ("Adam", 1): ("cancelled", 2)}

TABLES = {
    "two variants": (history(seeds=2, epochs=4), NAMES),
    "ended in every way": (history(endings=ENDINGS), NAMES),
    "one seed": (history(seeds=1), NAMES),
    "one variant": (history(["SGD"], epochs=3), ["SGD"]),
    "more than eight": (history(MANY, seeds=1, epochs=2), MANY),
    "first measurement only": (history().query("step == 0"), NAMES),
    "nothing measured yet": (history().iloc[:0], NAMES),
    "one variant not begun": (history(["SGD"], epochs=2), NAMES),
    "hostile names": (history(HOSTILE, epochs=2), HOSTILE),
    "training data not measured": (history().assign(train_loss_eval=np.nan, train_accuracy=np.nan, train_r2=np.nan), NAMES),
}


def of_one(table, names, **given):
    """Predictions of the first variant."""
    return predicted(table[table["variant"] == names[0]], **given)


def moment(table):
    return layerwise.at_moment(layer_rows(table, DEEP), 2.0)


CHARTS = {
    "loss": lambda table, names: curves.loss_curves(table, variants=names),
    "loss, log": lambda table, names: curves.loss_curves(table, variants=names, log_y=True, x="samples"),
    "loss, seconds": lambda table, names: curves.loss_curves(table, variants=names, x="seconds", focus=False, x_end=9.5),
    "accuracy": lambda table, names: curves.loss_curves(table, variants=names, metric="val_accuracy", x="step", with_seeds=False),
    "seconds": lambda table, names: curves.loss_curves(table, variants=names, metric="seconds", with_train=False),
    "heat map": lambda table, names: layers.heatmap(layer_rows(table), variants=names),
    "heat map of a fraction": lambda table, names: layers.heatmap(layer_rows(table), variants=names, column="sparsity", x="step"),
    "gradient by layer": lambda table, names: gradient_flow.by_layer(moment(table), variants=names),
    "a fraction by layer": lambda table, names: gradient_flow.by_layer(moment(table), variants=names, column="sparsity", log=False),
    "norms": lambda table, names: weights.norms(layer_rows(table), variants=names),
    "sparsity": lambda table, names: weights.by_layer(layer_rows(table), variants=names, column="sparsity", x="step"),
    "sparsity of a deep network": lambda table, names: weights.by_layer(layer_rows(table, DEEP), variants=names, column="sparsity"),
    "histograms": lambda table, names: weights.histograms(histograms(table), variants=names),
    "histograms of a layer": lambda table, names: weights.histograms(
        histograms(table), variants=names, layers=["1 linear"], seed=0, x="step"
    ),
    "last histograms": lambda table, names: weights.last_histograms(histograms(table), variants=names),
    "by depth": lambda table, names: normalization.profile(
        layerwise.by_depth(layer_rows(table), "weight_norm"), variants=names, column="weight_norm", when="last measured", reference=1.0
    ),
    "time": lambda table, names: summary.seconds(table, variants=names),
    "against a baseline": lambda table, names: recurrent.against_baseline(
        table, variants=names, baselines=((0.5, "guessing"),), log_y=True
    ),
    "diverged": lambda table, names: recurrent.diverged(diverged_shares(table, list(names)), variants=names),
    "confusion": lambda table, names: predictions.confusion(
        analysis.confusion(of_one(table, names)), variants=names[:1], classes=("cat", "dog", "=1")
    ),
    "confusion of many classes": lambda table, names: predictions.confusion(
        analysis.confusion(of_one(table, names, classes=MANY_CLASSES)), variants=names[:1], classes=MANY_CLASSES
    ),
    "ROC": lambda table, names: predictions.curve(analysis.roc(predicted(table), "=1"), variants=names),
    "precision and recall": lambda table, names: predictions.curve(
        analysis.precision_recall(predicted(table), "dog"), variants=names, shown=names[1:], kind="precision_recall", guess=1 / 3
    ),
    "against true": lambda table, names: predictions.against_true(
        analysis.against_true(of_one(table, names, classes=())), variants=names[:1], place=9
    ),
    "generalisation gap": lambda table, names: pairs.generalisation_gap(table, variants=names),
    "against a clock": lambda table, names: batch_size.along(table, variants=names, x="epoch"),
    "in given colours": lambda table, names: compression.over_training(
        table, variants=names, colours=tuple((name, palette.MISSING) for name in names)
    ),
    "decision": lambda table, names: boundary.decision(grid(names), points(), variants=names),
}
"""Charts of a history and its variants."""

CURVE = DataFrame({"x": [-1.0, 0.0, 1.0], "value": [0.0, 0.0, 1.0], "slope": [0.0, 0.0, 1.0]})
CELLS = norm_axes.normalized(norm_axes.tensor(0, convolved=False), "batch")
ESTIMATED = {"mean": 1.0, "low": 0.5, "high": 2.0, "n": 8}
PATHS = DataFrame({"variant": [*NAMES] * 2, "step": [0, 0, 1, 1], "x": [1.0, 1, 0.5, 0.1], "y": [1.0, 1, 0.2, 0.5], "status": "running"})
PATHS = PATHS.assign(**{name: [2.0, 2.0, 0.3, 0.4] for name in ("loss", "excess", "grad_norm", "distance")})
BOWL = DataFrame([(x, y, x**2 + y**2) for y in np.linspace(-2, 2, 12) for x in np.linspace(-2, 2, 12)], columns=["x", "y", "loss"])
PLACES = DataFrame({"curve": "SGD", "place": [0.1, 1.0, 9.0], "variant": list("abc"), "n": 3, "diverged": [0, 1, 3], "worse": [0, 1, 0]})
PLACES = PLACES.assign(mean=[0.5, 2.0, np.nan], low=[0.4, 1.0, np.nan], high=[0.6, 3.0, np.nan])
SEEDS = DataFrame({"curve": "SGD", "place": [0.1, 1.0], "seed": 0, "value": [0.5, 2.0]})
LAGS = np.arange(5)
NORMS = DataFrame({"variant": "SGD", "seed": np.repeat([0, 1], 5), "lag": np.tile(LAGS, 2), "norm": np.concatenate([0.5**LAGS, 0.7**LAGS])})
LEFT = DataFrame({"variant": [*NAMES] * 2, "name": list("abcd"), "left": [0.5, 0.5, 0.1, 0.1], "diverged": 0, **ESTIMATED})
DENSE = DataFrame({"name": ["dense"], "diverged": 0, **ESTIMATED})
TABLE_OF = DataFrame({"variant": [*NAMES] * 2, "t": [1.0, 1.0, 4.0, 4.0], "w": "0.5", "value": [0.1, 0.2, 0.3, 0.4]})
PIXELS = DataFrame([(name, row, column, row * column) for name in NAMES for row in range(4) for column in range(4)])
PIXELS.columns = ["variant", "row", "column", "value"]
CHANCES = DataFrame({"variant": ["SGD"] * 3, "label": list("012"), "probability": [0.3, 0.7, 1e-9], "truth": [False, True, False]})
STOPS = DataFrame({"rule": ["patience"], "epoch": [4.0], "value": [0.7], "kept_epoch": [2.0], "kept": [0.5]})
LINES = DataFrame({"kind": ["ball", "ball", "contour", "contour", "path", "path"], "line": 0, "place": [0, 1] * 3, "w1": 0.5, "w2": 1.0})
SPOTS = DataFrame({"kind": ["without penalty", "within the budget"], "w1": [1.8, 1.0], "w2": [0.7, 0.0], "loss": [0.0, 0.7]})
WEIGHTS = DataFrame({"strength": [0.1, 1.0] * 2, "feature": ["x1"] * 2 + ["x2"] * 2, "weight": [1.0, 0.5, 0.1, 0.0], "truth": 1.0})
WEIGHTS = WEIGHTS.assign(informative=[True, True, False, False], variant="SGD")
OUTPUTS = DataFrame({"variant": [*NAMES] * 2, "example": [0, 0, 1, 1], "output": 0, "train": [1.0, 2, 3, 4], "evaluation": [1.0, 2, 2, -4]})
NOISE = DataFrame({"batch_size": [1, 4, 16], "draws": 64, "noise": [1.0, 0.5, 0.25], "ci_low": [0.9, 0.4, 0.2], "ci_high": [1.1, 0.6, 0.3]})
RISING = DataFrame({"variant": "SGD", "step": [1, 2, 3], "lr": [1e-3, 1e-2, 0.1], "loss": [2.3, 1.0, 9.0], "n": 3})
READ = DataFrame({"variant": ["SGD"], "n": 3, "steepest": 1e-3, "steepest_loss": 2.0, "lowest": 1e-2, "tenth": 1e-3, "blown_up": 0.1})
SHAPE = DataFrame({"schedule": "cosine", "epoch": [0.0, 1.0, 2.0], "lr": [0.1, 0.05, 0.0], "watches": False})
COSTS = DataFrame({"variant": ["adam"], "state": 2.0, "milliseconds": 1.0, "mean": 1.1, "relative": 3.0})
PAINTED = dict(zip(NAMES, palette.COLOURS, strict=False))
CLOCKED = DataFrame({"variant": "SGD", "seconds": [1.0, 2.0], "mean": [1.0, 0.5], "low": [0.9, 0.4], "high": [1.1, 0.6], "n": 5})
WORK = DataFrame(
    {"worker": [0, 0, 1, 1], "begin": [0.0, 2, 0, 6], "end": [2.0, 5, 6, 10], "state": ["computes", "waits", "wasted", "dead"]}
)
STALE = DataFrame({"whose": [distributed.OTHERS, distributed.STRAGGLER], "staleness": [0, 3], "share": [0.75, 0.25]})
RECOVERED = DataFrame([(kind, row, column, 0.5) for kind in ("true", "recovered") for row in range(2) for column in range(2)])
RECOVERED = RECOVERED.set_axis(["kind", "row", "column", "value"], axis=1).assign(example=0, label="3")

OTHERS = {
    "an activation function": lambda: activation_functions.single(CURVE, CURVE[2:], name="ReLU"),
    "activation functions": lambda: activation_functions.several(
        CURVE.assign(variant="SGD"), CURVE[2:].assign(variant="SGD"), variants=NAMES, column="value"
    ),
    "lines of an answer": lambda: answer_lines.lines(
        DataFrame({"variant": "SGD", "at": [1, 2], **ESTIMATED}), variants=NAMES, x="at", x_title="updates", y_title="loss (nats)"
    ),
    "cases of an answer": lambda: answers.cases(
        DataFrame({"case": ["first", "second"], "kind": "one", **ESTIMATED}), cases=["first", "second"], kinds=["one"], title="loss"
    ),
    "noise of the gradient": lambda: batch_size.noise(NOISE.assign(expected=NOISE["noise"]), slope=-0.5, intercept=0.0, gradient=0.4),
    "by variant": lambda: compression.by_variant(LEFT, DENSE, variants=NAMES, title="accuracy"),
    "chances": lambda: compression.chances(CHANCES, variants=NAMES),
    "pictures": lambda: compression.pictures(PIXELS, variants=NAMES, value_title="weight"),
    "squares": lambda: compression.squares(
        TABLE_OF, variants=NAMES, x="t", y="w", value="value", x_title="T", y_title="w", value_title="accuracy"
    ),
    "trade-off": lambda: compression.trade_off(LEFT, DENSE, variants=NAMES, x="left", x_title="weights left", y_title="accuracy"),
    "stopping points": lambda: early_stopping.stopping_points(history(["SGD"], seeds=1), STOPS, rules=["patience", "rise"]),
    "gradient by depth": lambda: gradient_flow.by_depth(
        DataFrame({"variant": "SGD", "seed": [0, 1] * 2, "depth": [2, 2, 4, 4], "ratio": [1.0, 2.0, 4.0, 5.0]}),
        variants=NAMES, column="ratio", title="first over last", level=1.0,
    ),
    "numbers of a tensor": lambda: normalization.axes(CELLS.cells, value="x", sets=list(CELLS.sets["name"]), chosen=1),
    "both modes": lambda: normalization.modes(OUTPUTS, variants=NAMES, variant="SGD"),
    "running averages": lambda: normalization.running(
        DataFrame({"variant": "SGD", "batches": [1, 2], "mean": [0.4, 0.3], "expected_mean": 0.2}),
        variants=NAMES, column="mean", title="error", expected="expected_mean",
    ),
    "costs of a step": lambda: optimizers.costs(COSTS),
    "descent": lambda: optimizers.descent(PATHS, variants=NAMES, step=1),
    "paths on a surface": lambda: optimizers.surface(
        BOWL, PATHS, DataFrame({"x": [0.0], "y": [0.0]}), variants=NAMES, lowest=0.0, step=1
    ),
    "gradient against the lag": lambda: recurrent.gradient_lag(
        NORMS, lags.curves(NORMS), DataFrame({"lag": LAGS, "mean": 0.6**LAGS}), variants=NAMES
    ),
    "geometry": lambda: regularization.geometry(LINES, SPOTS, title="L1"),
    "scores of a path": lambda: regularization.path_scores(WEIGHTS, variants=NAMES, column="weight", title="weights"),
    "shrinkage": lambda: regularization.shrinkage(
        DataFrame({"variant": "SGD", "before": [-1.0, 0.0, 1.0], "after": [-0.7, 0.0, 0.7]}), variants=NAMES
    ),
    "weights against strength": lambda: regularization.weight_paths(WEIGHTS, title="L1"),
    "sweep": lambda: sensitivity.curves(PLACES, SEEDS, PLACES[:1], variants=NAMES, loss=metrics.NATS, start=2.3, end=3.0),
    "failures of a sweep": lambda: sensitivity.failures(PLACES, variants=NAMES),
    "target": lambda: targets.histogram(np.array([1.0, 2.0, 2.5, np.nan]), title="target"),
    "range test": lambda: schedules.range_test(RISING, READ, variants=NAMES, loss=metrics.NATS),
    "loss against the simulated clock": lambda: distributed.loss_over_clock(
        CLOCKED, CLOCKED[:1], variants=NAMES, colours=PAINTED, target=0.5, seconds=2.0
    ),
    "what workers do when": lambda: distributed.timeline(WORK, workers=2, colour=palette.COLOURS[0], shown=10.0),
    "staleness": lambda: distributed.staleness(STALE, colour=palette.COLOURS[0], straggler=True),
    "examples beside what is recovered": lambda: privacy.beside(RECOVERED, {0: "error 0.1"}),
    "ROC of an attack": lambda: privacy.roc(
        DataFrame({"variant": "SGD", "place": [0, 1, 2], "false_positives": [0.0, 0.5, 1.0], "true_positives": [0.0, 0.8, 1.0]}),
        variants=NAMES, colours=PAINTED,
    ),
    "attack against overfitting": lambda: privacy.auc_over_gap(
        DataFrame({"variant": "SGD", "seed": [0, 1], "epochs": [5, 5], "gap": [0.1, 0.2], "auc": [0.55, 0.6]}),
        *2 * [DataFrame({"variant": "SGD", "epochs": [5], "gap": [0.15], "auc": [0.575]})], variants=NAMES, colours=PAINTED,
    ),
    "shape of a schedule": lambda: schedules.shape(SHAPE, name="cosine", chosen=True),
}  # fmt: skip
"""Charts of other frames."""
