"""Whatever is given as settings is taken, or refused by one kind of error, in words, at a cost that grows with what is given alone."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import tomli_w

from core.choices.base import list_fields, number_fields
from core.choices.words.refusals import COUNTED, LONGEST_LINE, MOST_COMPLAINTS, MOST_LEVELS, SettingsError
from core.choices.words.texts import shown
from core.comparison import Comparison
from core.reference import entries
from core.settings import RunSettings
from tests.fuzz.places import Place, places

PLACES = list(places())
ODD_VALUES: list[Any] = [
    *(float("nan"), float("inf"), 10**400, 10**5000, -(10**30), True, False, 3, -1, 0.5, 1e300),
    *("sdg", "", "x" * 5000, "\r\n", "\x00", "\u202e", "\ud800", b"x"),
    *([], [[[1]]], [None], [1] * 500, {}, {"a": {"b": 1}}, {1: 2}, None, object()),
]


def refusal(given: Any) -> str:
    """What is said of settings; empty where they are taken. Any other exception fails the test."""
    try:
        RunSettings.model_validate(given)
    except SettingsError as error:
        return str(error)
    return ""


def test_every_settings_class_is_tried():
    assert {(place.path, place.cls) for place in PLACES} == {("", RunSettings), *((entry.path, entry.cls) for entry in entries())}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(f"{name}={kind}" for name, kind in place.chain) or "run")
def test_every_value_of_every_field_is_taken_or_refused_with_path_value_and_what_is_allowed(place: Place):
    for name in place.cls.model_fields:
        path = f"{place.path}.{name}".strip(".")
        for value in ODD_VALUES:
            for line in refusal(place.given({name: value})).splitlines():
                assert len(line) <= LONGEST_LINE + 3
                if COUNTED.fullmatch(line):
                    continue
                said, _, rest = line.partition(": ")
                if said == path and "is missing" not in line:
                    assert rest.lower().startswith((shown(value).lower(), f"there is no kind {shown(value)}".lower())), line
                    assert len(rest) > len(shown(value)) + 10, f"{line} says not what is allowed"
                else:  # of what is inside the value, or of what goes together
                    assert said.startswith(path) or place.path.startswith(said) or said.split(".")[0] == place.chain[0][0], line


@pytest.mark.parametrize("place", [place for place in PLACES if list_fields(place.cls)], ids=lambda place: place.path + place.cls.__name__)
def test_a_single_value_stands_for_a_list_of_one(place: Place):
    for name in list_fields(place.cls):
        one = "y2" if "str" in str(place.cls.model_fields[name].annotation) else 3
        given = [place.given({name: value, **({"rewind": None} if name == "epochs" else {})}) for value in (one, [one])]
        if refused := refusal(given[1]):
            assert refusal(given[0]) == refused
        else:
            assert RunSettings.model_validate(given[0]).key == RunSettings.model_validate(given[1]).key


def test_lists_and_numbers_are_found():
    assert {"hidden", "channels", "kernel", "epochs", "milestones", "drop", "teacher_hidden"} <= set().union(
        *(list_fields(place.cls) for place in PLACES)
    )
    assert {"lr", "dropout", "seed", "batch_size", "max_norm"} <= set().union(*(number_fields(place.cls) for place in PLACES))


def test_the_kernel_of_a_convnet_may_be_one_number():
    assert RunSettings.model_validate({"model": {"kind": "convnet", "kernel": 5}}).model.kernel == (5,)


ENTRIES = {
    "RunSettings": lambda given: RunSettings(**given),
    "RunSettings.model_validate": lambda given: RunSettings.model_validate(given),
    "RunSettings.model_validate_json": lambda given: RunSettings.model_validate_json(json.dumps(given)),
    "Comparison": lambda given: Comparison(base=given),
    "Comparison.model_validate": lambda given: Comparison.model_validate({"base": given}),
    "Comparison.model_validate_json": lambda given: Comparison.model_validate_json(json.dumps({"base": given})),
    "load": lambda given: Comparison.load({"base": given}),
    "from_json": lambda given: Comparison.from_json(json.dumps({"base": given})),
    "from_toml": lambda given: Comparison.from_toml(tomli_w.dumps({"base": given})),
    "vary": lambda given: Comparison(vary={"optimizer": [given["optimizer"]]}),
    "variants": lambda given: Comparison(variants=({"name": "a", **given},)),
}


@pytest.mark.parametrize("make", ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("given", [{"optimizer": {"kind": "sdg"}}, {"optimizer": {"kind": "adam", "lr": -1}}], ids=str)
def test_there_is_one_kind_of_error_however_settings_are_given(make, given):
    with pytest.raises(SettingsError, match=r"optimizer(: there is no kind 'sdg'|\.lr: -1: input should be greater)"):
        make(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=" + "[" * 5000, "too deep"),
        ("a=" + "{b=" * 5000, "too deep"),
        (".".join("a" * 150) + "=1", "too deep"),
        (".".join("a" * 5000) + "=1", "a key has more than 200 parts"),
        ("[" + ".".join("a" * 5000) + "]", "a key has more than 200 parts"),
        ("seeds=" + "1" * 5000, "TOML that is not accepted here: Exceeds the limit"),
        ("seeds=0x" + "f" * 5000, "seeds: a whole number of 6,021 digits"),
        ("seeds=1e400", "seeds: inf"),
        ("a\x00=1", "not TOML"),
        ("'" + "k" * 5000 + "'=1", "kkk...kkk"),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_toml_text_that_no_settings_are_is_refused_in_a_few_words(text, expected):
    with pytest.raises(SettingsError) as refused:
        Comparison.from_toml(text)
    assert expected in str(refused.value)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "{", b"\xff\xfe\x00", '{"seeds": ' + "1" * 5000 + "}"],
    ids=lambda text: ascii(text[:12]),
)
def test_a_json_text_that_no_settings_are_is_refused_in_a_few_words(text):
    for read in (Comparison.from_json, RunSettings.model_validate_json):
        with pytest.raises(SettingsError) as refused:
            read(text)
        assert len(str(refused.value)) < 1000


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize("levels", [MOST_LEVELS, 100_000])
def test_tables_within_tables_are_refused_at_any_depth(levels):
    for read in (RunSettings.model_validate, Comparison.load, lambda given: Comparison(vary={"model": [given]})):
        with pytest.raises(SettingsError, match="too deep"):
            read(nested(levels))


MANY = {
    "variants that are none": lambda count: {"variants": [1] * count},
    "variants without a name": lambda count: {"variants": [{}] * count},
    "variants of one name": lambda count: {"variants": [{"name": "a"}] * count},
    "variants of two names": lambda count: {"variants": [{"name": str(number // 2)} for number in range(count)]},
    "seeds": lambda count: {"seeds": ["x"] * count},
    "settings that there are not": lambda count: {"base": {f"a{number}": number for number in range(count)}},
    "units of a layer": lambda count: {"base": {"model": {"kind": "mlp", "hidden": [0] * count}}},
    "values that vary": lambda count: {"vary": {"model.hidden": [[0]] * count}},
    "paths that vary": lambda count: {"vary": {f"a{number}": [1] for number in range(count)}},
    "letters of a value": lambda count: {"base": {"optimizer": "a" * count}},
    "letters of a name": lambda count: {"variants": [{"name": "a" * count}]},
    "letters of a path": lambda count: {"vary": {"a" * count: [1]}},
    "letters of a name that has odd signs": lambda count: {"variants": [{"name": "\r" * count}]},
    "names in a path": lambda count: {"vary": {"a." * count: [1]}},
    "settings of a variant": lambda count: {"variants": [{"name": "a", **{f"b{number}": 1 for number in range(count)}}]},
    "items of a value": lambda count: {"base": {"seed": [1] * count}},
    "runs": lambda count: {"vary": {"model.dropout": [0.1] * count}, "seeds": 10_000},
}


def calls(given: Any) -> tuple[int, str]:
    """How many calls of functions it takes to refuse a comparison, and what is said of it."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        Comparison.load(given)
    except SettingsError as error:
        return count, str(error)
    finally:
        sys.setprofile(None)
    return count, ""


@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_saying_what_is_wrong_takes_time_with_the_size_alone_and_few_words(make):
    calls(make(10))  # what is found once is found
    (few, _), (many, said) = calls(make(2_000)), calls(make(4_000))
    assert said
    assert many <= 2.2 * few + 100
    assert len(said.splitlines()) <= MOST_COMPLAINTS + 1
    assert len(said) <= (MOST_COMPLAINTS + 1) * (LONGEST_LINE + 10)


def test_what_is_not_said_is_counted():
    said = calls({"variants": [1] * 5_000})[1].splitlines()
    assert said[0] == "variants.0: 1: input should be a table of settings"
    assert said[-1] == "and 4,990 more"
