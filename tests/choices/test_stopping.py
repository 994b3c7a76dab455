"""Each stopping rule on sequences of values whose stopping point can be seen."""

from __future__ import annotations

import math

import pytest

from core.choices.base import classes
from core.choices.stopping import MeanChange, NoChange, Patience, Rise, Threshold, Watch
from core.settings import RunSettings

KINDS = [cls.model_fields["kind"].default for cls in classes(RunSettings.model_fields["stopping"])]


def stop_of(rule, values):
    """The place at which the rule stops, counted from 0; None when it never does."""
    watch = Watch()
    for place, value in enumerate(values):
        watch = rule.update(watch, rule.value({rule.metric: value}))
        if rule.stops(watch):
            return place
    return None


@pytest.mark.parametrize(
    ("rule", "values", "place"),
    [
        (Patience(patience=2), [3, 2, 1, 2, 3, 0], 4),
        (Patience(patience=2), [3, 2, 1, 2, 0.5, 1, 1], 6),
        (Patience(patience=2, min_delta=0.5), [3, 2, 1.8, 1.7, 1], 3),
        (Patience(patience=3), [3, math.nan, math.nan, math.nan], 3),
        (Patience(patience=2, metric="val_accuracy"), [0.5, 0.9, 0.8, 0.9, 1.0], 3),
        (NoChange(evaluations=2, tolerance=0.1), [3, 2, 1, 0.99, 0.95, 0], 4),
        (NoChange(evaluations=2, tolerance=0.1), [3, 2, 1, 0], None),
        (Threshold(target=1.0), [3, 1.1, 1.0, 0.2], 2),
        (Threshold(target=0.9, metric="val_f1"), [0.2, 0.89, 0.95], 2),
        (Rise(evaluations=2), [3, 4, 2, 3, 4, 5], 4),
        (Rise(evaluations=2, metric="val_accuracy"), [0.5, 0.4, 0.6, 0.5, 0.4], 4),
        (MeanChange(evaluations=2, tolerance=0.5), [5, 4, 3, 2.8, 2.6], 4),
        (MeanChange(evaluations=2, tolerance=0.5), [5, 4, 3, 2, 1], None),
    ],
    ids=str,
)
def test_each_rule_stops_where_it_says(rule, values, place):
    assert stop_of(rule, values) == place


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "none"])
def test_every_rule_needs_validation_data(kind):
    with pytest.raises(ValueError, match=r"validation_fraction is 0"):
        RunSettings.model_validate({"stopping": kind, "data": {"kind": "iris", "validation_fraction": 0}})
