"""Settings as text and back."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from core.choices.base import Choice
from core.choices.words.writing import write
from core.comparison import label
from core.data.sets import OpenMl
from core.settings import RunSettings, SettingsError
from core.ui.form import fields, suggestions, varied
from core.ui.form.values import parse, parse_variant, parse_variants, write_list, write_variant
from tests.fuzz.settings import leaf, right

BASE = RunSettings()


def every_leaf(cls: type[Choice] = RunSettings, path: str = "") -> Iterator[tuple[str, type[Choice], str]]:
    """Dotted path, class and name of every single setting of every kind."""
    for name, _ in fields.leaves(cls):
        single = fields.group(cls, name)
        members = [single] if single else list(fields.kinds(cls, name).values())
        for member in members:
            yield from every_leaf(member, f"{path}{name}.")
        if not members:
            yield f"{path}{name}", cls, name


LEAVES = list(dict.fromkeys(every_leaf()))  # the linear and the deep network share some


@pytest.mark.parametrize(("path", "cls", "name"), LEAVES, ids=[f"{cls.__name__}-{path}" for path, cls, _ in LEAVES])
def test_every_setting_reads_back_what_is_offered_for_it(path: str, cls: type[Choice], name: str):
    default = cls.model_fields[name].default
    offered = suggestions.offered(path, cls, name, None if cls.model_fields[name].is_required() else default)
    for text in offered:
        assert write(parse_of(cls, name, text, path)) == text


def parse_of(cls: type[Choice], name: str, text: str, path: str) -> Any:
    from core.ui.form.values import read_leaf

    return read_leaf(cls, name, text, path)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("optimizer.lr", "1e-3", 0.001),
        ("optimizer.lr", " 3E-4 ", 0.0003),
        ("optimizer.lr", "lr=0.1", 0.1),
        ("model.hidden", "64-64", (64, 64)),
        ("model.hidden", "64, 32", (64, 32)),
        ("model.hidden", "64 32", (64, 32)),
        ("model.hidden", "[64, 32]", (64, 32)),
        ("model.hidden", "64", (64,)),
        ("model.dropout", "0.2", 0.2),
        ("model.dropout", "0.1, 0.5", (0.1, 0.5)),
        ("model.dropout", "0.1-0.5", (0.1, 0.5)),
        ("model.dropout", "1e-05", 1e-05),
        ("optimizer.betas", "0.9-1e-05", (0.9, 1e-05)),
        ("training.batch_size", "full", "full"),
        ("training.batch_size", "32", 32),
        ("training.evaluate_every", "none", None),
        ("training.evaluate_every", "10", 10),
        ("model.skip", "yes", True),
        ("model.skip", "FALSE", False),
        ("model.skip", "1", True),
        ("optimizer", "adam amsgrad=0", {"kind": "adam", "amsgrad": False}),
        ("optimizer", "adam", {"kind": "adam"}),
        ("optimizer", "sgd lr=0.1 momentum=0.9 nesterov=true", {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("penalty", "l1=0.1 l2_squared=0.01", {"l1": 0.1, "l2_squared": 0.01}),
        ("model", "mlp activation=(elu alpha=0.5)", {"kind": "mlp", "activation": {"kind": "elu", "alpha": 0.5}}),
        ("model", "mlp hidden=8-8 init=zero", {"kind": "mlp", "hidden": (8, 8), "init": {"kind": "zero"}}),
        ("data.nothing", "3", "3"),
        ("optimizer.kind", "adam", "adam"),
    ],
)
def test_texts_as_people_write_them(path: str, text: str, value: Any):
    assert parse(path, text, BASE) == value


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("optimizer", "adm", "optimizer: there is no kind 'adm'; allowed: sgd, adam"),
        ("optimizer", "sgd speed=1", "optimizer: 'speed=1' is not one of its settings; allowed: lr=, momentum="),
        ("optimizer", "sgd lr", "'lr' is not one of its settings"),
        ("clipping", "none max_norm=1", "it has no settings"),
        ("optimizer.lr", "fast", "optimizer.lr: 'fast' is not a number; write it like 0.001 or 1e-3"),
        ("optimizer.lr", "-1", "optimizer.lr: -1: input should be greater than 0"),
        ("optimizer.lr", "nan", "is not a number"),
        ("optimizer.lr", "1e999", "is not a number"),
        ("optimizer", "adam lr=0", "optimizer.lr: 0: input should be greater than 0"),
        ("model.hidden", "64, x", "model.hidden: 'x' is not a whole number"),
        ("model.hidden", "", "model.hidden: empty"),
        ("model.hidden", "[64", "is not a JSON list"),
        ("model.hidden", "0", "greater than or equal to 1"),
        ("training.epochs", "1.5", "'1.5' is not a whole number"),
        ("training.batch_size", "all", "allowed too: full"),
        ("data.scale", "robust", "allowed: standard, minmax, none"),
        ("model.skip", "maybe", "neither true nor false"),
        ("model", "mlp activation=(elu alpha=-1)", "model.activation.alpha: -1"),
    ],
)
def test_a_text_that_is_no_value_is_refused_with_what_is_allowed(path: str, text: str, said: str):
    with pytest.raises(SettingsError) as refused:
        parse(path, text, BASE)
    assert said in str(refused.value)
    assert str(refused.value).startswith(path)


VALUES = [
    ("optimizer", {"kind": "sgd", "lr": 0.1, "momentum": 0.9}),
    ("optimizer", {"kind": "adam", "betas": (0.9, 1e-05)}),
    ("optimizer", {"kind": "adam", "lr": 0.1234567891}),
    ("model", {"kind": "mlp", "hidden": (3,), "activation": {"kind": "elu", "alpha": 0.25}, "normalization": {"kind": "batch"}}),
    ("model.hidden", (128,)),
    ("optimizer.lr", 1e-05),
    ("optimizer.lr", 2 / 3),
    ("penalty", {"l1": 0.5}),
    ("penalty", {}),
    ("training.batch_size", "full"),
    ("training.evaluate_every", None),
    ("model.bias", False),
    ("data", {"kind": "table", "sha256": "0" * 64, "target": "a, b = (c)", "drop": ('x "y"', "z-1", "später")}),
    ("data", {"kind": "table", "sha256": "0" * 64, "target": "none", "drop": ("a", "b")}),
    ("data", {"kind": "table", "sha256": "0" * 64, "target": "back\\", "drop": ("a\\",)}),
]


@pytest.mark.parametrize(("path", "value"), VALUES)
def test_what_is_written_reads_back_exactly(path: str, value: Any):
    assert parse(path, write(value), BASE) == value


@pytest.mark.parametrize("texts", [varied.offered_values(path, BASE) for path in varied.paths(BASE)], ids=varied.paths(BASE))
def test_a_label_is_written_the_same_way(texts: list[str], request: pytest.FixtureRequest):
    path = request.node.callspec.id
    for text in texts:
        value = parse(path, text, BASE)
        if not isinstance(value, dict) or "kind" in value:
            assert parse(path, label(path, value).replace("=None", "=none"), BASE) == value


def test_a_list_is_shown_with_commas():
    assert write_list((64, 32)) == "64, 32"
    assert write_list((0.9, 1e-05)) == "0.9, 1e-05"


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("Plain", {}),
        ("SGD, slow", {"optimizer": {"kind": "sgd", "lr": 0.01}, "model.dropout": 0.5}),
        ("a: b", {"model.hidden": (64, 32), "training.batch_size": "full"}),
        ('"quoted"', {"optimizer.betas": (0.9, 1e-05)}),
        (" spaces ", {"model.skip": True}),
        ("two\nlines", {"model.activation": {"kind": "elu", "alpha": 0.5}}),
        ("<b>ü</b>", {"data": {"kind": "table", "sha256": "0" * 64, "target": "a, b", "drop": ("x=1",)}}),
    ],
)
def test_a_variant_is_one_line_and_reads_back(name: str, overrides: dict[str, Any]):
    line = write_variant(name, overrides)
    assert "\n" not in line
    assert parse_variant(line, BASE) == {"name": name, **overrides}


def test_variants_are_read_line_by_line_and_forgivingly():
    text = "slow: optimizer = sgd lr=0.01 , model.hidden=64, 32, model.dropout=0.2\n\n  plain:  \n"
    assert parse_variants(text, BASE) == [
        {"name": "slow", "optimizer": {"kind": "sgd", "lr": 0.01}, "model.hidden": (64, 32), "model.dropout": 0.2},
        {"name": "plain"},
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("optimizer=sgd", "is not a variant"),
        (": optimizer=sgd", "is not a variant"),
        ('"open: optimizer=sgd', "is not a variant"),
        ("a: sgd", "'sgd' sets nothing"),
        ("a: optimizer.lr=x", "variant 'a': optimizer.lr: 'x' is not a number"),
    ],
)
def test_a_line_that_is_no_variant_is_refused(line: str, said: str):
    with pytest.raises(SettingsError, match=said.replace("(", r"\(")):
        parse_variants(line, BASE)


AWKWARD = [
    "",
    " ",
    "a b",
    "a, b",
    "a=b",
    "(a",
    "a)",
    "[",
    '"',
    "\\\\",
    "a\\\\",
    '\\\\"',
    "none",
    "true",
    "1",
    "a-b",
    "\u202e",
    "\r\n",
    "\u2028",
    "ü",
    "a:b",
]
TABLE = RunSettings.model_validate({"data": {"kind": "table", "sha256": "0" * 64, "target": "y"}})
CUSTOM = RunSettings.model_validate({"optimizer": "custom"})


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_awkward_words_are_read_back_and_swallow_nothing_behind_them(text):
    overrides = {"data.target": text or "y", "data.drop": [text, "z"], "model.dropout": 0.5}
    line = write_variant(text.strip() or "empty", overrides)
    assert len(line.splitlines()) == 1
    assert parse_variants(line, TABLE) == [{"name": text.strip() or "empty", **overrides, "data.drop": (text, "z")}]
    argument = {"a": text, "b": 1.0, "c": "1"}
    assert parse("optimizer.settings", label("optimizer.settings", argument), CUSTOM) == argument
    custom = parse("optimizer", write({"kind": "custom", "settings": argument}), CUSTOM)
    assert custom == {"kind": "custom", "settings": argument}


@pytest.mark.parametrize(("path", "base"), [("training.evaluate_every", BASE), ("optimizer.settings", CUSTOM), ("penalty", BASE)])
def test_nothing_is_read_back_as_nothing(path, base):
    for nothing in (None, {}):
        assert not parse(path, write(nothing), base)
        assert not parse(path, label(path, nothing), base)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_written_of_any_setting_is_read_back(seed):
    rng = Random(seed)
    for path, cls, name in LEAVES:
        value = leaf(rng, cls, name)
        for text in (write(value), label(path, value)):
            if fields.complaint(cls, name, value) is not None:
                continue  # on a bound that is not allowed itself
            read = parse_of(cls, name, text.removeprefix(f"{name}="), path)
            assert same(read, value), f"{path}: {value!r} is written {text} and read {read!r}"


@pytest.mark.parametrize("seed", range(150))
def test_what_is_written_of_any_choice_is_read_back(seed):
    given = right(Random(seed), RunSettings, share=0.3)
    try:
        run = RunSettings.model_validate(given)
    except SettingsError:
        return
    for path in ("data", "model", "optimizer", "schedule", "penalty", "clipping", "stopping", "pruning", "distillation", "training"):
        for text in (write(getattr(run, path)), label(path, getattr(run, path)), label(path, given.get(path, getattr(run, path)))):
            again = RunSettings.model_validate({**run.model_dump(), path: parse(path, text)})
            assert getattr(again, path).identity() == getattr(run, path).identity(), text


def same(read: Any, value: Any) -> bool:
    if isinstance(value, list | tuple):
        return (len(value) == 1 and read == value[0]) or tuple(read) == tuple(value)
    return bool(read == value) or {read, value} <= {None, ""}


@pytest.mark.parametrize(
    ("text", "marks"), [("-200", ("-200",)), ("-", ("-",)), ("-, -200, insulin=0", ("-", "-200", "insulin=0")), ("a-b", ("a", "b"))]
)
def test_a_word_of_a_list_may_begin_with_the_sign_that_stands_between_words(text: str, marks: tuple[str, ...]):
    assert parse("data.missing", text, RunSettings(data=OpenMl())) == marks
