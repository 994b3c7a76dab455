"""What `make reference` prints: the authors' networks are theirs, scikit-learn's runs are replayed, and a miss is called a miss."""

from __future__ import annotations

import warnings

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import nn

import core
from benchmarks import mnist1d, sklearn_docs
from benchmarks.figures import Figure, markdown

PARAMETERS = {"logistic regression": 410, "MLP 100-100, skip connection": 15210, "CNN 25-25-25": 5210, "GRU 6, both directions": 5134}


class Plain(nn.Module):
    """A network of the authors, written by hand from its description."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        match name:
            case "logistic regression":
                parts = [nn.Linear(40, 10)]
            case "MLP 100-100, skip connection":
                parts = [nn.Linear(40, 100), nn.Linear(100, 100), nn.Linear(100, 10)]
            case "CNN 25-25-25":
                convolutions = [nn.Conv1d(1, 25, 5, 2, 2), nn.Conv1d(25, 25, 3, 2, 1), nn.Conv1d(25, 25, 3, 2, 1)]
                parts = [*convolutions, nn.Linear(125, 10)]
            case _:
                parts = [nn.GRU(1, 6, batch_first=True, bidirectional=True), nn.Linear(480, 10)]
        self.parts = nn.ModuleList(parts)

    def forward(self, x):
        first, *between, last = self.parts if len(self.parts) > 1 else (nn.Identity(), *self.parts)
        match self.name:
            case "logistic regression":
                h = x
            case "MLP 100-100, skip connection":
                h = first(x).relu()
                h = h + between[0](h).relu()
            case "CNN 25-25-25":
                h = between[1](between[0](first(x[:, None]).relu()).relu()).relu().flatten(1)
            case _:
                h = first(x[:, :, None])[0].flatten(1)
        return last(h)


@pytest.mark.parametrize("name", mnist1d.MODELS)
def test_our_networks_are_the_authors(name):
    run = mnist1d.settings(name)
    ours, theirs = core.build_model(run), Plain(name)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters()) == PARAMETERS[name]
    with torch.no_grad():
        for own, other in zip(theirs.parameters(), ours.parameters(), strict=True):
            own.copy_(other)
    x = torch.randn(7, 40)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("name", mnist1d.MODELS)
def test_the_default_start_is_what_pytorchs_modules_draw(name):
    run = mnist1d.settings(name, seed=3)
    start = mnist1d.default_start(run)
    torch.manual_seed(3)
    for ours, theirs in zip(start.values(), Plain(name).parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_data_are_the_authors_raw_and_in_their_order():
    from mnist1d.data import get_dataset_args, make_dataset

    theirs, ours = make_dataset(get_dataset_args()), core.load_data(mnist1d.settings("logistic regression").data)
    assert (ours.x_train == theirs["x"]).all()
    assert (ours.y_train == theirs["y"]).all()
    assert (ours.x_test == theirs["x_test"]).all()


@pytest.mark.parametrize(("name", "settings"), [
    ("SGD", {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0}),
    ("SGD with momentum", {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.9, "nesterovs_momentum": False}),
    ("SGD with Nesterov's momentum", {"solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.9}),
])  # fmt: skip
def test_a_replayed_run_has_scikit_learns_weights_and_loss(name, settings):
    run = sklearn_docs.settings(sklearn_docs.OPTIMIZERS[name], epochs=2)
    result, data = sklearn_docs.replayed(run), core.load_data(run.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = MLPClassifier(random_state=0, max_iter=2, **settings).fit(data.x_train, data.y_train)
    model, last = result.model(run), result.history.iloc[-1]
    for ours, weight in zip((model.hidden1.linear, model.output), theirs.coefs_, strict=True):
        torch.testing.assert_close(ours.weight.detach(), torch.from_numpy(weight.T.copy()), atol=1e-7, rtol=0)
    assert last["train_loss"] + last["penalty"] == pytest.approx(theirs.loss_, abs=1e-7)
    assert last["train_accuracy"] == theirs.score(data.x_train, data.y_train)


def figure(theirs, ours, digits=1):
    return Figure("what", theirs, digits, "where", ours)


@pytest.mark.parametrize(("theirs", "ours", "hit"), [
    (0.97, [0.9733], True),
    (0.97, [0.9649], False),
    (0.97, [0.9751], False),
    (0.0459, [0.0464], False),
])  # fmt: skip
def test_a_single_value_is_a_hit_when_it_rounds_to_theirs(theirs, ours, hit):
    assert figure(theirs, ours, digits=len(str(theirs)) - 2).hit is hit


def test_several_seeds_are_a_hit_when_theirs_could_be_another_of_them():
    ours = [90.0, 91.0, 92.0]  # t(2) = 4.303, s = 1: one more run within 91 +- 4.968
    assert figure(95.9, ours).hit
    assert figure(86.1, ours).hit
    assert not figure(96.1, ours).hit
    assert not figure(85.9, ours).hit


def test_a_miss_is_printed_as_a_miss():
    hit, miss = markdown([figure(91.5, [90.0, 91.0, 92.0]), figure(99.0, [90.0, 91.0, 92.0])]).splitlines()[2:]
    assert hit == "| what | 91.5 | 91.0 (88.5 to 93.5) | 3 | 86.0 to 96.0 | hit | where |"
    assert miss == "| what | 99.0 | 91.0 (88.5 to 93.5) | 3 | 86.0 to 96.0 | **miss** | where |"
