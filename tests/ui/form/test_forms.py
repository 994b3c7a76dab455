"""The sidebar: every kind renders, values come back from the URL, and what is wrong is said in its place."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.experiments import home
from core.settings import RunSettings
from core.ui.form import fields
from tests.ui.conftest import form

SETTINGS = """
import streamlit as st
from core.ui.form import forms
st.text(forms.settings("lab").model_dump_json())
"""

KINDS = [(name, kind) for name, _ in fields.leaves(RunSettings) for kind in fields.kinds(RunSettings, name)]
NESTED = [
    (name, kind)
    for name in ("activation", "normalization", "init")
    for kind in fields.kinds(fields.kinds(RunSettings, "model")["mlp"], name)
]


def settings_of(query: dict[str, str]) -> AppTest:
    script = AppTest.from_string(SETTINGS, default_timeout=20)
    for name, value in query.items():
        script.query_params[name] = value
    return script.run()


def opened(script: AppTest) -> Comparison:
    assert [error.value for error in script.error] == []
    return Comparison.from_json(script.text[1].value)


def said(script: AppTest) -> list[str]:
    assert not script.exception
    return [error.value.replace("\\", "") for error in script.error]


def test_the_form_opens_with_what_it_starts_with():
    script = form()
    assert script.text[0].value == home.DEFAULT.id
    assert not script.exception


def test_settings_alone_open_with_the_defaults():
    assert RunSettings.model_validate_json(settings_of({}).text[0].value) == RunSettings()


@pytest.mark.parametrize(("choice", "kind"), [pair for pair in KINDS if pair[1] not in ("table", "openml")], ids=str)
def test_each_kind_has_a_form_that_says_its_defaults(choice: str, kind: str):
    script = settings_of({f"lab.{choice}": kind})
    assert not script.exception
    shown = script.text[0].value if script.text else said(script)[0]
    expected = RunSettings.model_fields[choice].default if kind == start_kind(choice) else fields.kinds(RunSettings, choice)[kind]()
    if script.text:
        assert getattr(RunSettings.model_validate_json(shown), choice) == expected
    else:  # some kinds need another setting to go with them, and say so
        assert choice in shown


def start_kind(choice: str) -> str:
    return str(RunSettings.model_fields[choice].default.kind)


@pytest.mark.parametrize(("name", "kind"), NESTED, ids=str)
def test_each_kind_within_the_model_has_a_form(name: str, kind: str):
    script = settings_of({f"lab.model.mlp.{name}": kind})
    assert getattr(RunSettings.model_validate_json(script.text[0].value).model, name).kind == kind


def test_every_single_setting_has_a_widget_bound_to_the_url():
    script = settings_of({"lab.pruning": "magnitude", "lab.clipping": "norm", "lab.schedule": "step"})
    keys = {widget.key for kind in ("selectbox", "number_input", "text_input", "toggle", "button_group") for widget in script.get(kind)}
    wanted = {"lab.optimizer.adam.betas", "lab.model.mlp.bias", "lab.pruning.magnitude.sparsity", "lab.clipping.norm.max_norm"}
    wanted |= {"lab.schedule.step.gamma", "lab.training.evaluate_every", "lab.data.digits.scale", "lab.penalty.l1", "lab.seed"}
    assert wanted <= keys


VALUES: list[tuple[dict[str, str], str, Any]] = [
    ({"lab.training.epochs": "7"}, "training.epochs", 7),
    ({"lab.optimizer.adam.lr": "2.5e-4"}, "optimizer.lr", 0.00025),
    ({"lab.optimizer": "sgd", "lab.optimizer.sgd.lr": "0.3"}, "optimizer.lr", 0.3),
    ({"lab.model.mlp.hidden": "8, 4"}, "model.hidden", (8, 4)),
    ({"lab.training.batch_size": "full"}, "training.batch_size", "full"),
    ({"lab.training.batch_size": "77"}, "training.batch_size", 77),
    ({"lab.training.evaluate_every": "5"}, "training.evaluate_every", 5),
    ({"lab.model.mlp.skip": "true"}, "model.skip", True),
    ({"lab.data.digits.scale": "minmax"}, "data.scale", "minmax"),
    ({"lab.optimizer.adam.betas": "0.5, 0.9"}, "optimizer.betas", (0.5, 0.9)),
    ({"lab.model.mlp.activation": "elu", "lab.model.mlp.activation.elu.alpha": "0.5"}, "model.activation.alpha", 0.5),
    ({"lab.training.epochs": "0"}, "training.epochs", 20),
    ({"lab.training.epochs": "many"}, "training.epochs", 20),
    ({"lab.training.epochs": "1e9"}, "training.epochs", 20),
    ({"lab.data.digits.label_noise": "nan"}, "data.label_noise", 0.0),
    ({"lab.data.digits.label_noise": "-1"}, "data.label_noise", 0.0),
    ({"lab.optimizer": "<script>"}, "optimizer.kind", "adam"),
    ({"lab.model.mlp.skip": "perhaps"}, "model.skip", False),
    ({"lab.data.digits.scale": "robust"}, "data.scale", "standard"),
]


@pytest.mark.parametrize(("query", "path", "value"), VALUES, ids=[str(query) for query, _, _ in VALUES])
def test_values_come_from_the_url_and_nonsense_there_is_ignored(query: dict[str, str], path: str, value: Any):
    script = settings_of(query)
    assert not script.exception
    found: Any = RunSettings.model_validate_json(script.text[0].value)
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"compare.optimizer.adam.lr": "fast"}, "optimizer.lr: 'fast' is not a number; write it like 0.001 or 1e-3"),
    ({"compare.optimizer.adam.lr": "0"}, "optimizer.lr: 0: input should be greater than 0"),
    ({"compare.model.mlp.hidden": "64, x"}, "model.hidden: 'x' is not a whole number"),
    ({"compare.training.epochs": "2.5"}, "training.epochs: '2.5' is not a whole number"),
    ({"compare.model.mlp.hidden": ","}, "model.hidden: ,: give at least one width here; a network without hidden layers"),
    ({"compare.model.mlp.dropout": "1"}, "model.dropout: 1: input should be less than 1"),
    ({"compare.training.batch_size": "all"}, "training.batch_size: 'all' is not a whole number"),
    (
        {"compare.training.batch_size": "1", "compare.model.mlp.normalization": "batch"},
        "batch norm needs at least 2 examples per batch, not 1",
    ),
    ({"compare.optimizer": "sgd", "compare.optimizer.sgd.nesterov": "true"}, "nesterov needs momentum above 0"),
    ({"compare.seeds": "0"}, "seeds"),
    ({"compare.seeds": "<b>"}, "seeds: '<b>': give their number"),
    ({"compare.seeds": "9999"}, "at most 8,000 runs, but this one has 49,995"),
    ({"compare.variants": "a: optimizer=adm"}, "variant 'a': optimizer: there is no kind 'adm'; allowed: sgd, adam"),
    ({"compare.variants": "a: optimizer.speed=1"}, "optimizer.speed: no such setting; optimizer (adam) has: kind, lr"),
    ({"compare.variants": "a:\na: model.skip=true"}, "the name 'a' is given twice"),
    ({"compare.variants": "nonsense"}, "'nonsense' is not a variant"),
    ({"compare.mode": "settings", "compare.vary1": "optimizer", "compare.vary1.optimizer": ["sgd", "adm"]}, "there is no kind 'adm'"),
    (
        {"compare.mode": "settings", "compare.vary1": "optimizer.lr", "compare.vary1.optimizer.lr": ""},
        "optimizer.lr needs at least one value",
    ),
    ({"compare.mode": "settings", "compare.vary1": "model.skip", "compare.vary2": "model.skip"}, "model.skip varies already"),
    ({"compare.mode": "settings", "compare.vary1": "data.x", "compare.vary1.data.x": ["1"]}, "data.x: no such setting; data (digits) has"),
    (
        {"compare.mode": "settings", "compare.vary1": "data", "compare.vary1.data": ["table path=/etc/passwd target=x"]},
        "opens no file by its path",
    ),
]


@pytest.mark.parametrize(("query", "message"), REFUSED, ids=[str(query) for query, _ in REFUSED])
def test_what_cannot_be_used_is_said_and_ends_the_page(query: dict[str, Any], message: str):
    script = form(query)
    assert any(message in text for text in said(script))
    assert len(script.text) == 0, "the page went on without a comparison"


def test_what_a_link_asks_for_and_is_not_allowed_is_said():
    asked = {"training.epochs": "-5", "optimizer": "adm", "model.mlp.skip": "perhaps", "seed": "7", "mode": "neither"}
    script = form({f"compare.{name}": text for name, text in asked.items()})
    [warning] = [element.value.replace("\\", "") for element in script.warning]
    for line in (
        "training.epochs: '-5' is not allowed: from 1 to",
        "optimizer: 'adm' is not allowed: sgd, adam",
        "model.skip: 'perhaps'",
        "mode:",
    ):
        assert line in warning
    assert "seed" not in warning
    assert not form({"compare.training.epochs": "20", "compare.seed": "0", "compare.training.batch_size": "full"}).warning


def test_nothing_else_is_lost_while_a_setting_is_refused():
    script = form({"compare.optimizer.adam.lr": "fast", "compare.training.epochs": "7", "compare.seeds": "3"})
    script.selectbox(key="compare.optimizer.adam.lr").set_value("0.3").run()
    comparison = opened(script)
    assert comparison.base.optimizer.lr == 0.3
    assert comparison.base.training.epochs == 7
    assert comparison.seeds == 3


def test_each_kind_keeps_its_own_values():
    script = form()
    script.selectbox(key="compare.optimizer.adam.lr").set_value("0.3").run()
    script.selectbox(key="compare.optimizer").set_value("sgd").run()
    assert opened(script).base.optimizer.lr == fields.kinds(RunSettings, "optimizer")["sgd"]().lr
    script.selectbox(key="compare.optimizer").set_value("adam").run()
    assert opened(script).base.optimizer.lr == 0.3


def test_up_to_three_settings_are_crossed():
    script = form({"compare.mode": "settings"})
    script.selectbox(key="compare.vary1").set_value("optimizer.lr").run()
    script.selectbox(key="compare.vary2").set_value("model.skip").run()
    script.selectbox(key="compare.vary3").set_value("training.batch_size").run()
    script.multiselect(key="compare.vary1.optimizer.lr").set_value(["0.1", "3e-3"]).run()
    comparison = opened(script)
    assert comparison.vary["optimizer.lr"] == (0.1, 0.003)
    assert comparison.vary["model.skip"] == (False, True)
    assert len(comparison.names) == 2 * 2 * len(comparison.vary["training.batch_size"])


def test_nothing_has_to_vary():
    comparison = opened(form({"compare.mode": "settings"}))
    assert comparison.names == ["base"]


def test_the_settings_above_become_a_variant():
    script = form()
    assert script.button(key="compare.add").disabled
    script.number_input(key="compare.training.epochs").set_value(7)
    script.toggle(key="compare.model.mlp.skip").set_value(True).run()
    script.button(key="compare.add").click().run()
    comparison = opened(script)
    assert comparison.names[-1] == "skip=true, epochs=7"
    assert comparison.variants[-1].overrides == {"model.skip": True, "training.epochs": 7}
    assert comparison.base == RunSettings(), "the settings stayed changed, for all variants"
    assert script.button(key="compare.add").disabled


def test_a_setting_that_all_variants_set_is_marked_as_not_used():
    assert any("optimizer: not used" in caption.value.replace("\\", "") for caption in form().caption)
    named = form({"compare.variants": "a: optimizer=sgd\nb:"})
    assert not any("not used" in caption.value for caption in named.caption)


def test_folded_settings_that_were_changed_are_named():
    script = form({"compare.penalty.l1": "0.01", "compare.training.epochs": "3"})
    changed = [caption.value.replace("\\", "") for caption in script.caption if caption.value.startswith("Changed")]
    assert changed == ["Changed below: penalty.l1"]
