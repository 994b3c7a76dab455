"""Comparison: what varies, crossed or named; files both ways; refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.choices.words.texts import odd_signs
from core.comparison import Comparison, label
from core.experiments.home import DEFAULT
from core.settings import RunSettings, SettingsError


def test_what_varies_is_crossed_and_every_variant_has_every_seed():
    comparison = Comparison.load({"vary": {"optimizer": ["sgd", {"kind": "adam", "lr": 0.01}], "model.dropout": [0, 0.2]}, "seeds": 3})
    assert comparison.names == ["sgd, dropout=0", "sgd, dropout=0.2", "adam lr=0.01, dropout=0", "adam lr=0.01, dropout=0.2"]
    assert len(comparison.runs()) == 4 * 3
    assert [run.seed for run in comparison.runs()[:3]] == [0, 1, 2]
    last = comparison.runs()[-1]
    assert (last.optimizer.kind, last.optimizer.lr, last.model.dropout) == ("adam", 0.01, 0.2)


def test_seeds_are_counted_from_the_bases_or_named():
    assert Comparison.load({"base": {"seed": 7}, "seeds": 2}).seed_list == [7, 8]
    assert Comparison.load({"seeds": [3, 1]}).seed_list == [3, 1]


def test_named_variants_set_dotted_paths():
    comparison = Comparison.load({"variants": [{"name": "a", "model.activation": "tanh", "optimizer.lr": 0.1}, {"name": "b"}], "seeds": 1})
    first, second = comparison.runs()
    assert (first.model.activation.kind, first.optimizer.lr) == ("tanh", 0.1)
    assert second == RunSettings()


def test_layers_that_vary_are_not_overridden_by_a_width_or_depth_of_the_base():
    base, hidden = {"model": {"kind": "mlp", "width": 32, "depth": 3}}, [[16], [64], [64, 64]]
    varied = Comparison.load({"base": base, "vary": {"model.hidden": hidden}, "seeds": 1})
    assert [list(run.model.hidden) for run in varied.runs()] == hidden
    assert list(Comparison.load({"base": base, "vary": {"model.dropout": [0.1]}, "seeds": 1}).runs()[0].model.hidden) == [32] * 3
    assert [run.model.hidden for run in Comparison.load({"base": base, "vary": {"model.width": [4, 5]}, "seeds": 1}).runs()] == [
        (4,) * 3,
        (5,) * 3,
    ]


@pytest.mark.parametrize("order", [("optimizer.kind", "optimizer.lr"), ("optimizer.lr", "optimizer.kind")])
def test_a_kind_and_its_settings_are_crossed_in_either_order(order):
    values = {"optimizer.kind": ["sgd", "adam"], "optimizer.lr": [0.1, 0.2]}
    crossed = Comparison.load({"vary": {path: values[path] for path in order}, "seeds": 1})
    assert {(run.optimizer.kind, run.optimizer.lr) for run in crossed.runs()} == {(k, lr) for k in ("sgd", "adam") for lr in (0.1, 0.2)}
    named = Comparison.load({"variants": [{"name": "a"} | {path: values[path][0] for path in order}], "seeds": 1})
    assert (named.runs()[0].optimizer.kind, named.runs()[0].optimizer.lr) == ("sgd", 0.1)


def test_tables_that_vary_by_their_paths_are_each_their_own(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"x,y\n1,{name}\n2,c\n")
    paths = [str(tmp_path / f"{name}.csv") for name in ("a", "b")]
    base = {"data": {"kind": "table", "path": paths[0], "target": "y"}}
    varied = Comparison.load({"base": base, "vary": {"data.path": paths}, "seeds": 1})
    assert len({run.data.sha256 for run in varied.runs()}) == 2


def test_choices_and_numbers_of_numpy_vary_as_their_plain_values_do():
    rates = [RunSettings.model_validate({"optimizer": {"kind": "adam", "lr": lr}}).optimizer for lr in (0.01, 0.001)]
    leaky = RunSettings.model_validate({"model": {"kind": "mlp", "activation": {"kind": "leaky_relu", "negative_slope": 0.1}}}).model
    for vary in (
        {"optimizer": rates},
        {"model": [leaky]},
        {"training.epochs": list(np.arange(1, 3))},
        {"model.hidden": np.ones((1, 2), int)},
    ):
        given = Comparison(vary=vary, seeds=1)
        assert Comparison.from_toml(given.to_toml()).id == Comparison.from_json(given.to_json()).id == given.id
    assert Comparison(vary={"optimizer": rates}).names == ["adam lr=0.01", "adam"]


def test_two_variants_that_are_the_same_run_are_one():
    comparison = Comparison.load({"variants": [{"name": "default"}, {"name": "spelled out", "optimizer.lr": 0.001}], "seeds": 2})
    assert comparison.names == ["default"]
    assert len(comparison.runs()) == 2


def test_a_kind_can_be_varied_by_its_path():
    assert Comparison.load({"vary": {"optimizer.kind": ["sgd", "nadam"]}, "seeds": 1}).runs()[1].optimizer.kind == "nadam"


@pytest.mark.parametrize("comparison", [
    DEFAULT,
    Comparison(),
    Comparison.load({"vary": {"model.hidden": [[8], [8, 8]], "training.batch_size": [16, "full"]}, "seeds": [0, 5]}),
    Comparison.load({"base": {"data": "moons", "model": "linear"}, "variants": [{"name": 'ü, "x"', "penalty.l1": 1e-5}]}),
    Comparison.load({"vary": {"penalty.max_norm": [1.0, None], "training.evaluate_every": [None, 5]}, "seeds": 2}),
], ids=["default", "bare", "crossed", "named", "none"])  # fmt: skip
def test_files_give_the_same_comparison_back(comparison):
    for copy in (Comparison.from_toml(comparison.to_toml()), Comparison.from_json(comparison.to_json())):
        assert copy.base == comparison.base
        assert copy.id == comparison.id
        assert copy.members == comparison.members


def test_differences_show_only_what_differs():
    differences = Comparison.load({"vary": {"optimizer": ["sgd", "adam"], "model.dropout": [0, 0.5]}, "seeds": 2}).differences()
    assert differences["sgd, dropout=0.5"]["model.dropout"] == 0.5
    assert differences["adam, dropout=0"]["optimizer.momentum"] == "-"
    paths = set(differences["sgd, dropout=0"])
    assert {"optimizer.kind", "model.dropout"} <= paths
    assert not {path for path in paths if path.startswith(("data", "training", "seed"))}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"vary": {"optimizer.momentum": [0.9]}}, "optimizer.momentum: no such setting; optimizer (adam) has: kind, lr, betas"),
        ({"vary": {"optimiser": ["sgd"]}}, "optimiser: no such setting; a run has: data, model"),
        (
            {"base": {"training": {"epochs": 5}}, "vary": {"pruning": ["magnitude"], "pruning.sparsity": [0.5]}},
            "variant 'magnitude, sparsity=0.5': pruning.epochs: 10 is after the last of training.epochs = 5",
        ),
        (
            {"base": {"training": {"epochs": 5}}, "variants": [{"name": "a", "pruning": "random", "pruning.sparsity": 0.5}]},
            "variant 'a': pruning.epochs: 10 is after the last of training.epochs = 5",
        ),
        ({"vary": {"optimizer": ["sdg"]}}, "variant 'sdg': optimizer: there is no kind 'sdg'; allowed: 'sgd'"),
        ({"vary": {"model.dropout": [0, 2]}}, "variant 'dropout=2': model.dropout: 2: input should be less than 1"),
        ({"vary": {"model.dropout": []}}, "vary.model.dropout: needs at least one value"),
        ({"vary": {"seed.x": [1]}}, "seed.x: no such setting; seed is a single value"),
        ({"vary": {"a": [1], "b": [1], "c": [1], "d": [1]}}, "dictionary should have at most 3 items"),
        ({"vary": {"optimizer.lr": [1]}, "variants": [{"name": "a"}]}, "vary and variants: give one of the two"),
        ({"variants": [{"name": "a"}, {"name": "a", "seed": 2}]}, "the name 'a' is given twice"),
        ({"variants": [{"model.dropout": 0.1}]}, "variants.0.name: is missing"),
        ({"variants": [{"name": "a\rb"}]}, r"variants.0.name: 'a\rb': a name may not have control characters"),
        ({"variants": [{"name": "a\u202eb"}]}, r"variants.0.name: 'a\u202eb': a name may not have"),
        ({"base": {"optimizer": {"kind": "adam", "lr": 0}}}, "base.optimizer.lr: 0: input should be greater than 0"),
        ({"vary": {"model.hidden": [[8], [9]], "model.width": [3]}}, "model.hidden and model.width: the second takes precedence over"),
        ({"vary": {"seed_": [0] * 3}, "seeds": 3_000}, "a comparison has at most 8,000 runs, but this one has 9,000"),
        ({"vary": {"optimizer": ["sgd"], "optimizer.kind": ["adam"]}}, "optimizer and optimizer.kind: both set the kind"),
        ({"seeds": 0}, "seeds: 0"),
        ({"seeds": []}, "seeds: []"),
        ({"sedes": 3}, "sedes: there is no such setting"),
        ([], "a comparison is a table"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_said_with_path_value_and_what_is_allowed(given: Any, expected: str):
    with pytest.raises(SettingsError) as caught:
        Comparison.load(given)
    assert expected in str(caught.value)


@pytest.mark.parametrize(("text", "expected"), [("seeds = ", "not TOML"), ("[base\n", "not TOML"), ("seeds = 0", "seeds: 0")])
def test_a_bad_file_is_refused(text, expected):
    with pytest.raises(SettingsError, match=expected):
        Comparison.from_toml(text)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("optimizer", "adam", "adam"),
        ("optimizer", {"kind": "sgd", "lr": 0.05, "nesterov": True}, "sgd lr=0.05 nesterov=true"),
        ("model.dropout", 0.2, "dropout=0.2"),
        ("model.hidden", [64, 64], "hidden=64-64"),
        ("model.skip", False, "skip=false"),
        ("training.batch_size", "full", "full"),
    ],
)
def test_variants_are_named_after_their_values(path, value, expected):
    assert label(path, value) == expected


NOTHING = [
    {"base": {"optimizer": {"kind": "lbfgs", "line_search_fn": None}}},
    {"vary": {"optimizer": ["lbfgs", {"kind": "lbfgs", "line_search_fn": None}]}},
    {"base": {"optimizer": "lbfgs"}, "vary": {"optimizer.line_search_fn": [None, "strong_wolfe"]}},
    {"base": {"optimizer": "custom"}, "vary": {"optimizer.settings": [{}, {"momentum": 0.9}]}},
    {"vary": {"penalty": [{}, {"l1": 0.1, "max_norm": None}]}},
    {"variants": [{"name": "whole", **RunSettings().model_dump(exclude={"seed"})}, {"name": "base"}]},
]


@pytest.mark.parametrize("given", NOTHING, ids=str)
def test_nothing_survives_toml_and_json_wherever_it_stands(given: Any):
    comparison = Comparison.load(given)
    for again in (Comparison.from_toml(comparison.to_toml()), Comparison.from_json(comparison.to_json())):
        assert again.id == comparison.id


def test_values_that_differ_in_the_last_digit_are_two_variants():
    assert Comparison.load({"vary": {"optimizer.lr": [0.1234567, 0.1234568]}}).names == ["lr=0.1234567", "lr=0.1234568"]
    assert Comparison.load({"vary": {"optimizer.lr": [1e-05, 0.001, 0.1]}}).names == ["lr=1e-05", "lr=0.001", "lr=0.1"]


COLUMNS = [
    ["a-b"],
    ["a", "b"],
    ["a"],
    ["a, b"],
    ['a", "b'],
    ["a\\\\"],
    ["none"],
    [],
    ["1"],
    ["1.0"],
    ["drop=a"],
    ["\u202ea"],
    ["a\r"],
    ["?a"],
]
ARGUMENTS = [{"a": "1"}, {"a": 1}, {"a": 1.0}, {"a": True}, {"a": "true"}, {"a": [1.0]}, {"a": "1.0"}, {"a b": 1}, {"a": "b\\\\"}, {}]
DIFFERENT = {
    "columns": ({"data": {"kind": "table", "sha256": "0" * 64, "target": "y"}}, {"data.drop": COLUMNS}),
    "targets": (
        {"data": {"kind": "table", "sha256": "0" * 64, "target": "y"}},
        {"data.target": ["a", "b, c", '"a"', "a\\\\", "\u202ea", "none", "target=a", "1"]},
    ),
    "arguments": ({"optimizer": "custom"}, {"optimizer.settings": ARGUMENTS}),
    "custom": ({}, {"optimizer": [{"kind": "custom", "settings": settings} for settings in ARGUMENTS]}),
    "rates of layers": ({"model": {"kind": "mlp", "hidden": [8, 8]}}, {"model.dropout": [0.2, [0.2, 0.2], [0.2, 1e-05], [1e-05, 0.2]]}),
    "digits": ({}, {"optimizer.lr": [0.1, 0.1 + 1e-16, 0.30000000000000004, 0.3, 1e-05, 1.0000000000000001e-05]}),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_two_different_settings_never_share_a_name(case):
    base, vary = DIFFERENT[case]
    comparison = Comparison.load({"base": base, "vary": vary, "seeds": 1})
    assert len(set(comparison.names)) == len({run.key for run in comparison.runs()}) == len(comparison.names)
    assert not any(odd_signs(name) for name in comparison.names)


def test_minus_zero_is_zero():
    assert Comparison.load({"vary": {"optimizer": [{"kind": "adamw", "weight_decay": decay} for decay in (0.0, -0.0)]}}).names == [
        "adamw weight_decay=0"
    ]


def test_a_list_of_one_rate_is_that_rate():
    runs = Comparison.load({"base": {"model": {"kind": "mlp", "hidden": [8]}}, "vary": {"model.dropout": [0.2, [0.2]]}, "seeds": 1}).runs()
    assert [run.model.dropout for run in runs] == [0.2]


def test_the_order_of_what_varies_survives_toml_however_long_its_tables_are():
    long = {"kind": "adam", "lr": 0.123456, "betas": [0.91234, 0.99912], "eps": 1e-07, "weight_decay": 0.012345, "amsgrad": True}
    for vary in ({"optimizer": [long], "model.dropout": [0, 0.2]}, {"model.dropout": [0, 0.2], "optimizer": [long, "sgd"]}):
        comparison = Comparison.load({"vary": vary, "seeds": 1})
        again = Comparison.from_toml(comparison.to_toml())
        assert (again.names, list(again.vary)) == (comparison.names, list(vary))


def test_three_settings_may_give_a_long_name():
    tables = [{"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.0001}]
    crossed = Comparison.load(
        {"vary": {"optimizer": tables, "penalty": [{"l1": 1e-05, "l2_squared": 1e-05}], "schedule": ["cosine"]}, "seeds": 1}
    )
    (name,) = crossed.names
    assert len(name) > 80
    assert Comparison.load({"variants": [{"name": name}], "seeds": 1}).names == [name]


def test_a_choice_by_its_kind_and_its_settings_may_need_each_other():
    base = {"training": {"epochs": 5}}
    crossed = Comparison.load({"base": base, "vary": {"pruning": ["magnitude", "random"], "pruning.epochs": [[2]]}, "seeds": 1})
    assert [(run.pruning.kind, run.pruning.epochs) for run in crossed.runs()] == [("magnitude", (2,)), ("random", (2,))]


CROSSED = Comparison.load(
    {
        "base": {"model": {"kind": "mlp", "hidden": [8]}, "training": {"epochs": 12}},
        "vary": {
            "optimizer": ["sgd", "adam"],
            "pruning": ["none", "magnitude", {"kind": "magnitude", "sparsity": 0.5}],
            "model.skip": [False, True],
        },
        "seeds": 2,
    }
)


def test_a_counterpart_is_the_reference_that_shares_every_other_setting():
    against = CROSSED.counterparts("pruning")
    roles = CROSSED.roles("pruning")
    assert set(roles) == set(CROSSED.names)
    for name, run in CROSSED.settings.items():
        assert roles[name] == ("reference" if run.pruning.kind == "none" else "treated")
        if run.pruning.kind == "none":
            assert name not in against
            continue
        other = CROSSED.settings[against[name]]
        assert other.pruning.kind == "none"
        assert other.model_copy(update={"pruning": run.pruning}) == run


def test_what_a_counterpart_is_does_not_depend_on_names_or_on_the_order():
    names = {name: f"{place} no pruning, sgd" for place, name in enumerate(CROSSED.names)}
    variants = [
        {"name": names[name], "optimizer": run.optimizer, "pruning": run.pruning, "model.skip": run.model.skip}
        for name, run in reversed(CROSSED.settings.items())
    ]
    renamed = Comparison.load({"base": CROSSED.base, "variants": variants, "seeds": 2})
    expected = {names[name]: names[other] for name, other in CROSSED.counterparts("pruning").items()}
    assert renamed.counterparts("pruning") == expected


def test_of_several_settings_a_reference_has_none():
    both = Comparison.load({"vary": {"penalty.l1": [0, 0.1], "model.dropout": [0, 0.2], "optimizer.lr": [0.1, 0.2]}, "seeds": 1})
    against = both.counterparts("penalty", "model.dropout")
    assert [name for name, role in both.roles("penalty", "model.dropout").items() if role == "reference"] == [
        "l1=0, dropout=0, lr=0.1",
        "l1=0, dropout=0, lr=0.2",
    ]
    assert {against[name] for name in both.names if name.endswith("lr=0.2") and name in against} == {"l1=0, dropout=0, lr=0.2"}
    assert len(against) == 6


def test_a_number_that_is_zero_does_nothing_though_its_default_is_another():
    decays = Comparison.load({"base": {"optimizer": "adamw"}, "vary": {"optimizer.weight_decay": [0.0, 0.01, 0.1]}, "seeds": 1})
    none, default, strong = decays.names
    assert decays.settings[default].optimizer.weight_decay == RunSettings.model_validate({"optimizer": "adamw"}).optimizer.weight_decay
    assert decays.counterparts("optimizer.weight_decay") == {default: none, strong: none}
    dropped = Comparison.load({"vary": {"model.dropout": [[0, 0], [0, 0.2]]}, "seeds": 1})
    assert dropped.counterparts("model.dropout") == {dropped.names[1]: dropped.names[0]}


def test_the_groups_of_a_norm_that_is_not_used_make_no_other_run():
    plain, grouped = (RunSettings.model_validate({"penalty": {"groups": groups}}) for groups in ("unit", "layer"))
    assert plain.key == grouped.key
    for norm in ("l2_norm", "l2_norm_proximal"):
        assert len({RunSettings.model_validate({"penalty": {norm: 0.1, "groups": groups}}).key for groups in ("unit", "layer")}) == 2


def test_the_groups_of_a_norm_that_is_not_used_make_no_penalty():
    base = {"data": "iris", "penalty": {"groups": "layer"}}
    asked = Comparison.load({"base": base, "vary": {"penalty.l2_norm": [0, 0.01]}, "seeds": 2})
    assert asked.roles("penalty") == dict(zip(asked.names, ("reference", "treated"), strict=True))
    assert asked.counterparts("penalty") == {asked.names[1]: asked.names[0]}


def test_a_variant_without_its_reference_has_no_counterpart():
    lonely = Comparison.load({"variants": [{"name": "a"}, {"name": "b", "clipping": "norm", "optimizer": "sgd"}], "seeds": 1})
    assert lonely.counterparts("clipping") == {}
    assert lonely.roles("clipping") == {"a": "reference", "b": "treated"}


def test_a_family_is_what_variants_share_but_for_a_setting():
    assert CROSSED.families("pruning.sparsity") == {name: name.replace(" sparsity=0.5", "") for name in CROSSED.names}
    rates = Comparison.load({"vary": {"optimizer": ["sgd", "adam"], "optimizer.lr": [0.1, 0.01]}, "seeds": 1})
    assert rates.families("optimizer.lr") == {name: name.partition(",")[0] for name in rates.names}


def test_no_name_makes_a_family_and_no_two_families_share_a_name():
    misleading = Comparison.load(
        {
            "variants": [
                {"name": "x, dropout=0.1", "model.dropout": 0.1},
                {"name": "x, dropout=0.2", "model.dropout": 0.2, "optimizer": "sgd"},
                {"name": "y", "model.dropout": 0.3},
            ],
            "seeds": 1,
        }
    )
    families = misleading.families("model.dropout")
    assert families["x, dropout=0.1"] == families["y"]
    assert families["x, dropout=0.2"] != families["y"]
    twice = Comparison.load(
        {"variants": [{"name": "lr=0.1", "optimizer.lr": 0.1}, {"name": "lr=0.2", "optimizer.lr": 0.2, "model.skip": True}], "seeds": 1}
    )
    assert len(set(twice.families("optimizer.lr").values())) == 2
