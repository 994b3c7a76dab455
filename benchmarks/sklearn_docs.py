"""Figures that scikit-learn's documentation prints, on data that are part of it, and the same runs by our engine.

The MLPs are replayed: our engine starts from the weights of scikit-learn's random_state=0, and draws the examples in its order,
in float64. The linear models are minima of the same convex function, which L-BFGS finds from any start.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_iris
from sklearn.utils import shuffle
from torch import Tensor

import core
from benchmarks.figures import Figure

GALLERY = "scikit-learn.org, plot_mlp_training_curves, digits"
ALPHA, BATCH, EPOCHS, HIDDEN = 1e-4, 200, 15, 100
OPTIMIZERS: dict[str, Mapping[str, object]] = {
    "SGD": {"kind": "sgd", "lr": 0.2},
    "SGD with momentum": {"kind": "sgd", "lr": 0.2, "momentum": 0.9},
    "SGD with Nesterov's momentum": {"kind": "sgd", "lr": 0.2, "momentum": 0.9, "nesterov": True},
    "Adam": {"kind": "adam", "lr": 0.01},
}
SCORE_AND_LOSS = {
    "SGD": (0.956038, 0.243802),
    "SGD with momentum": (0.992766, 0.041297),
    "SGD with Nesterov's momentum": (0.993879, 0.042898),
    "Adam": (0.991653, 0.045934),
}

WHOLE = {"validation_fraction": 0, "test_fraction": 0}
EXACTLY = {"dtype": "float64", "batch_size": "full", "epochs": 100}


def figures() -> list[Figure]:
    """Returns the figures of the MLPs in the gallery and of two linear models in docstrings."""
    return [*multilayer_perceptrons(), *logistic_regression(), *ridge()]


def multilayer_perceptrons() -> list[Figure]:
    """MLPClassifier on the digits: accuracy, and loss with penalty, both on the training examples."""
    found = []
    for name, (score, loss) in SCORE_AND_LOSS.items():
        last = replayed(settings(OPTIMIZERS[name])).history.iloc[-1]
        found += [
            Figure(f"digits, MLP {HIDDEN}, {name}: training accuracy", score, 6, GALLERY, [last["train_accuracy"]]),
            Figure(f"digits, MLP {HIDDEN}, {name}: loss of epoch {EPOCHS}", loss, 6, GALLERY, [last["train_loss"] + last["penalty"]]),
        ]
    return found


def settings(optimizer: Mapping[str, object], epochs: int = EPOCHS) -> core.RunSettings:
    """Returns the run of MLPClassifier(max_iter=epochs) with this optimizer on the digits between 0 and 1. Its penalty is alpha / (2 batch
    size) |w|^2.
    """
    return core.RunSettings.model_validate(
        {
            "data": {"kind": "digits", "scale": "minmax", **WHOLE},
            "model": {"kind": "mlp", "hidden": [HIDDEN]},
            "optimizer": optimizer,
            "penalty": {"l2_squared": ALPHA / 2 / BATCH},
            "training": {"dtype": "float64", "batch_size": BATCH, "epochs": epochs},
        }
    )


def replayed(run: core.RunSettings) -> core.Result:
    """Trains the run from the weights, and with the order of examples, of random_state=0."""
    examples, features = core.load_data(run.data).x_train.shape
    random = np.random.RandomState(0)
    start = dict([*_layer(random, features, HIDDEN, "hidden1.linear"), *_layer(random, HIDDEN, 10, "output")])
    order, orders = np.arange(examples), []
    for _ in range(run.training.epochs):
        order = shuffle(order, random_state=random)
        orders.append(order)
    return core.train([run], initial=[start], order=[np.stack(orders)])


def _layer(random: np.random.RandomState, inputs: int, outputs: int, name: str) -> list[tuple[str, Tensor]]:
    """Returns weight and bias, uniform between +-sqrt(6 / (inputs + outputs)), drawn in scikit-learn's order."""
    bound = np.sqrt(6 / (inputs + outputs))
    weight, bias = random.uniform(-bound, bound, (inputs, outputs)), random.uniform(-bound, bound, outputs)
    return [(f"{name}.weight", torch.from_numpy(weight.T.copy())), (f"{name}.bias", torch.from_numpy(bias))]


def logistic_regression() -> list[Figure]:
    """LogisticRegression() on iris: it minimises C sum of losses + |w|^2 / 2, so our penalty on the mean loss is 1 / (2 C N)."""
    run = _linear({"kind": "iris", "scale": "none", **WHOLE}, 1 / (2 * 1.0 * 150))
    result, source = core.train([run]), "docstring of sklearn.linear_model.LogisticRegression"
    probability_NC = _probabilities(result.model(run), load_iris().data)
    return [
        Figure("iris, logistic regression: training accuracy", 0.97, 2, source, [result.history.iloc[-1]["train_accuracy"]]),
        Figure("iris, logistic regression: p(setosa) of flower 1", 0.982, 3, source, [probability_NC[0, 0]]),
        Figure("iris, logistic regression: p(versicolor) of flower 1", 0.0182, 4, source, [probability_NC[0, 1]]),
        Figure("iris, logistic regression: p(setosa) of flower 2", 0.972, 3, source, [probability_NC[1, 0]]),
        Figure("iris, logistic regression: p(versicolor) of flower 2", 0.0282, 4, source, [probability_NC[1, 1]]),
    ]


def ridge() -> list[Figure]:
    """RidgeCV on diabetes, which chooses alpha = 0.01 and adds alpha |w|^2 to the sum of squares, for features of norm 1.

    Our features have N times the squared norm, so that the same alpha applies to the mean of squares.
    """
    run = _linear({"kind": "diabetes", **WHOLE}, 0.01)
    r2 = core.train([run]).history.iloc[-1]["train_r2"]
    return [Figure("diabetes, ridge regression: training R2", 0.5166, 4, "docstring of sklearn.linear_model.RidgeCV", [r2])]


def _linear(data: Mapping[str, object], l2_squared: float) -> core.RunSettings:
    parts = {"data": data, "model": "linear", "optimizer": "lbfgs", "penalty": {"l2_squared": l2_squared}, "training": EXACTLY}
    return core.RunSettings.model_validate(parts)


def _probabilities(model: torch.nn.Module, x: NDArray[np.float64]) -> NDArray[np.float64]:
    with torch.no_grad():
        return model(torch.from_numpy(x)).softmax(1).numpy()
