"""Rules that scale a learning rate with the batch size."""

from __future__ import annotations

from core.comparison import Comparison
from core.experiments import batch_sizes


def sizes(*batches):
    base = {"data": "iris", "model": {"kind": "mlp", "hidden": [8]}, "optimizer": {"kind": "sgd", "lr": 0.1}, "training": {"epochs": 2}}
    return Comparison.load({"base": base, "vary": {"training.batch_size": list(batches or (8, 32, "full"))}, "seeds": 2})


def test_the_rules_agree_at_the_reference_and_scale_by_the_power_of_k():
    scaled = batch_sizes.scaled(sizes(8, 32), 8)
    rates = {name: run.optimizer.lr for name, run in scaled.members}
    assert rates == {"lr fixed, B=8": 0.1, "lr fixed, B=32": 0.1, "lr × √k, B=32": 0.2, "lr × k, B=32": 0.4}
    places = batch_sizes.rule_places(scaled, 8)
    assert places.groupby("curve")["place"].apply(list).to_dict() == {"lr fixed": [8, 32], "lr × √k": [8, 32], "lr × k": [8, 32]}


def test_which_rule_a_variant_follows_is_told_by_its_rate_and_not_by_its_name():
    scaled = batch_sizes.scaled(sizes(8, 32), 8)
    misnamed = {name: f"{place}: lr × k, B=8" for place, name in enumerate(scaled.names)}
    variants = [
        {"name": misnamed[name], "training.batch_size": run.training.batch_size, "optimizer.lr": run.optimizer.lr}
        for name, run in scaled.settings.items()
    ]
    renamed = Comparison.load({"base": scaled.base, "variants": variants, "seeds": 2})
    places = batch_sizes.rule_places(scaled, 8)
    expected = places.assign(variant=places["variant"].map(misnamed).astype(places["variant"].dtype))
    assert batch_sizes.rule_places(renamed, 8).equals(expected)
