"""A link to a comparison opens that comparison."""

from __future__ import annotations

from typing import Any

import pytest

from core.comparison import Comparison
from core.experiments import home
from core.experiments.catalogue import experiments
from core.experiments.experiment import Experiment
from core.ui.form import links
from tests.ui.conftest import form

SHA = "ab" * 32

COMPARED = [experiment for experiment in experiments().values() if experiment.comparisons]
GIVEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "one seed": {"seeds": 1},
    "later seeds": {"base": {"seed": 7}, "seeds": 3},
    "some seeds": {"seeds": [0, 3, 4]},
    "one other seed": {"seeds": [9]},
    "every base setting": {
        "base": {
            "data": {
                "kind": "moons",
                "noise": 0.35,
                "samples": 333,
                "label_noise": 0.1,
                "scale": "minmax",
                "split_seed": 4,
                "data_seed": 2,
            },
            "model": {
                "kind": "mlp",
                "hidden": [3, 5],
                "activation": {"kind": "elu", "alpha": 0.5},
                "normalization": {"kind": "batch", "momentum": 0.25, "eps": 0.002},
                "dropout": 0.123456789,
                "skip": True,
                "init": {"kind": "normal", "std": 0.07},
                "bias": False,
            },
            "optimizer": {"kind": "adam", "lr": 2.5e-4, "betas": [0.8, 1e-05], "eps": 1e-7, "weight_decay": 0.0123, "amsgrad": True},
            "schedule": {"kind": "step", "every": 7, "gamma": 0.3, "warmup": 1.5},
            "penalty": {"l1": 0.00012, "l2_squared": 3e-5},
            "clipping": {"kind": "norm", "max_norm": 0.77},
            "stopping": {"kind": "patience", "patience": 3, "min_delta": 1e-4},
            "pruning": {"kind": "magnitude", "sparsity": 0.6, "epochs": [2, 4]},
            "distillation": {"kind": "soft_targets", "teacher_hidden": [9], "teacher_epochs": 2, "temperature": 2.5, "weight": 0.25},
            "training": {
                "epochs": 9,
                "batch_size": "full",
                "sampling": "in_order",
                "evaluate_every": 3,
                "dtype": "float64",
                "init_seed": 5,
                "noise_seed": 4294967295,
            },
        },
    },
    "bounds that are themselves refused in the form": {"base": {"model": {"kind": "mlp", "dropout": 0.9999999}}},
    "other kinds": {"base": {"model": "linear", "data": "diabetes", "optimizer": "nadam", "schedule": "cosine", "clipping": "value"}},
    "crossed": {"vary": {"optimizer.lr": [0.1, 0.01], "model.skip": [False, True], "training.batch_size": [16, "full"]}},
    "kinds": {"vary": {"optimizer": ["adam", {"kind": "sgd", "lr": 0.1, "nesterov": True, "momentum": 0.9}, "sgd"]}},
    "kinds, and a setting of theirs": {"base": {"optimizer": "sgd"}, "vary": {"optimizer": ["sgd", "adam"], "optimizer.lr": [0.1, 0.3]}},
    "numbers that a label rounds": {"vary": {"optimizer.lr": [0.1234567, 0.1]}},
    "lists": {"vary": {"model.hidden": [[8], [8, 8], [16]], "optimizer.betas": [[0.9, 0.99], [0.5, 1e-05]]}},
    "nested kinds": {
        "vary": {"model": [{"kind": "mlp", "activation": {"kind": "elu", "alpha": 0.5}}, {"kind": "mlp", "activation": "tanh"}]}
    },
    "none and numbers": {"vary": {"training.evaluate_every": [None, 5]}},
    "a group": {"vary": {"penalty": [{"l1": 0.1}, {"l2_squared": 0.1}]}},
    "a single value": {"vary": {"optimizer.lr": [0.5]}},
    "named": {
        "variants": [
            {"name": "a: b, c", "optimizer": {"kind": "sgd", "lr": 0.1}, "model.hidden": [4, 4]},
            {"name": '"q"', "optimizer.lr": 0.3},
            {"name": "Plain"},
            {"name": "<b>ü</b> & =", "training.batch_size": "full", "model.activation": {"kind": "leaky_relu", "negative_slope": 0.2}},
        ]
    },
    "tables that vary": {
        "variants": [
            {"name": "t", "data": {"kind": "table", "sha256": SHA, "target": "a, b = (c)", "drop": ["x y", "z-1"]}},
            {"name": "digits"},
        ]
    },
}


def of(name: str) -> Comparison:
    return Comparison.load({"seeds": 2, **GIVEN[name]})


@pytest.mark.parametrize("name", GIVEN)
def test_the_form_opened_by_a_link_says_the_same_comparison(name: str):
    comparison = of(name)
    opened = form(links.query_for("compare", comparison))
    assert [error.value for error in opened.error] == []
    assert opened.text[0].value == comparison.id


@pytest.mark.parametrize("experiment", COMPARED, ids=lambda experiment: experiment.id)
def test_experiments_open_in_the_workbench(experiment: Experiment):
    opened = form(links.query_for("compare", experiment.comparison))
    assert opened.text[0].value == experiment.comparison.id


@pytest.mark.parametrize("name", ["crossed", "named", "every base setting", "nothing"])
def test_the_form_may_start_with_any_comparison(name: str):
    comparison = of(name)
    start = f"Comparison.from_json({comparison.to_json()!r})"
    assert form(start=start).text[0].value == comparison.id
    default = links.query_for("compare", home.DEFAULT, comparison)
    assert form(default, start=start).text[0].value == home.DEFAULT.id


def test_a_link_to_the_start_itself_says_little():
    query = links.query_for("compare", home.DEFAULT)
    assert set(query) == {"compare.open", "compare.mode", "compare.seeds", "compare.variants"}


def test_a_link_forgets_what_the_form_said_before():
    opened = form({"compare.training.epochs": "7", "compare.optimizer": "sgd"})
    assert opened.number_input(key="compare.training.epochs").value == 7
    opened.query_params.clear()
    for name, value in links.query_for("compare", of("crossed")).items():
        opened.query_params[name] = value
    assert opened.run().text[0].value == of("crossed").id
