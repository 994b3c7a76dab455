"""What a comparison varies, as texts."""

from __future__ import annotations

import pytest

from core.comparison import Comparison
from core.settings import RunSettings, SettingsError
from core.ui.form import varied
from core.ui.form.values import parse


@pytest.mark.parametrize("path", varied.paths(RunSettings()))
def test_every_setting_offers_values_that_make_a_comparison(path: str):
    base = RunSettings()
    texts = varied.starting_values(path, base)
    values = [parse(path, text, base) for text in texts if not text.startswith(("table", "patience"))]
    assert values
    assert set(texts) <= set(varied.offered_values(path, base))
    Comparison.load({"base": base, "vary": {path: values}, "seeds": 1})


def test_paths_follow_the_kinds_of_the_base():
    base = RunSettings.model_validate({"optimizer": "sgd", "model": "linear"})
    paths = varied.paths(base)
    assert "optimizer.momentum" in paths
    assert "optimizer.betas" not in paths
    assert "model.hidden" not in paths
    assert "seed" not in paths


def test_differences_name_single_settings_and_whole_kinds():
    base = RunSettings()
    other = RunSettings.model_validate(
        {"optimizer": {"kind": "adam", "lr": 0.1}, "model": {"kind": "mlp", "activation": "tanh"}, "seed": 3}
    )
    assert varied.differences(base, other) == {"optimizer.lr": 0.1, "model.activation": {"kind": "tanh"}}


@pytest.mark.parametrize(("text", "seeds"), [("5", 5), ("0, 3, 4", [0, 3, 4]), ("7,", [7])])
def test_seeds_are_how_many_or_which(text: str, seeds: int | list[int]):
    assert varied.parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "five", "-1", "1.5", "1;2", "²", "9" * 5000], ids=lambda text: text[:9])
def test_other_seeds_are_refused(text: str):
    with pytest.raises(SettingsError, match="seeds"):
        varied.parse_seeds(text)


@pytest.mark.parametrize("seeds", [1, 5, (0, 1, 2), (0, 3, 4), (9,)])
def test_seeds_read_back(seeds: int | tuple[int, ...]):
    comparison = Comparison(seeds=seeds)
    assert Comparison(seeds=varied.parse_seeds(varied.write_seeds(comparison))).seed_list == comparison.seed_list


def test_a_setting_that_all_variants_set_is_named():
    assert varied.everywhere({"vary": {"optimizer.lr": [1, 2]}}) == ["optimizer.lr"]
    assert varied.everywhere({"variants": [{"name": "a", "optimizer": "sgd", "model.skip": True}, {"name": "b", "optimizer": "adam"}]}) == [
        "optimizer"
    ]
    assert varied.everywhere({"variants": []}) == []
