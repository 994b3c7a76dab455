"""The usual alternatives to Tandem, each written as its users write it. They measure nothing during training, which makes them faster.

Each function trains all runs of a `Work` one after another and returns every run's accuracy on its training examples (computed once,
at the end), as a check that the work was done.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.work import Work


def dataloader_loop(work: Work) -> list[float]:
    """A loop over a shuffling DataLoader, with nn.Module and torch.optim.Adam without options: the loop of tutorials."""
    x, y = _tensors(work)
    loss_of = nn.CrossEntropyLoss()
    accuracies = []
    for seed in range(work.runs):
        torch.manual_seed(seed)
        model = _network(work)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        loader = DataLoader(TensorDataset(x, y), batch_size=work.batch_size, shuffle=True)
        for _ in range(work.epochs):
            for x_batch, y_batch in loader:
                optimizer.zero_grad()
                loss_of(model(x_batch), y_batch).backward()
                optimizer.step()
        accuracies.append(_accuracy(model, x, y))
    return accuracies


def sliced_loop(work: Work) -> list[float]:
    """A loop written for speed: one permutation per epoch, batches that are slices, fused Adam."""
    x, y = _tensors(work)
    accuracies = []
    for seed in range(work.runs):
        torch.manual_seed(seed)
        model = _network(work)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        for _ in range(work.epochs):
            order = torch.randperm(len(x))
            x_epoch, y_epoch = x[order], y[order]
            for start in range(0, len(x), work.batch_size):
                batch = slice(start, start + work.batch_size)
                optimizer.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(model(x_epoch[batch]), y_epoch[batch]).backward()
                optimizer.step()
        accuracies.append(_accuracy(model, x, y))
    return accuracies


def scikit_learn(work: Work) -> list[float]:
    """scikit-learn's MLPClassifier with the same sizes, batches and epochs, and without stopping before the last epoch."""
    x, y = work.data.x_train, work.data.y_train
    accuracies = []
    for seed in range(work.runs):
        model = MLPClassifier(
            hidden_layer_sizes=work.hidden,
            solver="adam",
            learning_rate_init=1e-3,
            alpha=0.0,
            batch_size=work.batch_size,
            max_iter=work.epochs,
            n_iter_no_change=work.epochs + 1,
            tol=0.0,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it warns whenever max_iter ends the training, which is intended here
            model.fit(x, y)
        assert model.n_iter_ == work.epochs, f"scikit-learn stopped after {model.n_iter_} of {work.epochs} epochs"
        accuracies.append(float(model.score(x, y)))
    return accuracies


def _tensors(work: Work) -> tuple[Tensor, Tensor]:
    return torch.tensor(work.data.x_train, dtype=torch.float32), torch.tensor(work.data.y_train, dtype=torch.int64)


def _network(work: Work) -> nn.Sequential:
    inputs, classes = work.data.x_train.shape[1], int(np.max(work.data.y_train)) + 1
    first, second = work.hidden
    return nn.Sequential(nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, classes))


@torch.no_grad()
def _accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    return (model(x).argmax(1) == y).double().mean().item()
