"""Examples beside what is recovered of them: the frames hold the labs' pictures and errors."""

from __future__ import annotations

import numpy as np
import pytest

from core.labs.privacy import shown_examples
from core.labs.privacy.data_recovery import Leak, recover
from core.labs.privacy.gradient_inversion import Inversion, invert
from core.labs.privacy.membership import Membership, infer


def picture(frame, example, kind):
    rows = frame[(frame["example"] == example) & (frame["kind"] == kind)]
    return rows.pivot(index="row", columns="column", values="value").to_numpy()


@pytest.mark.parametrize("how", ["divided", "searched"])
def test_pixels_and_errors_are_those_of_the_lab(how):
    if how == "divided":
        frame, found = shown_examples.divided(3, batch_size=3, activation="relu"), recover(Leak(batch_size=3, activation="relu"), 3)
    else:
        frame, found = shown_examples.searched(3, batch_size=2, iterations=10), invert(Inversion(batch_size=2, iterations=10), 3)
    for place, error in enumerate(found.examples["error"]):
        assert frame[frame["example"] == place]["error"].unique().tolist() == [error]
        np.testing.assert_array_equal(picture(frame, place, "true"), found.originals[place].clip(0, 1))
        np.testing.assert_array_equal(picture(frame, place, "recovered"), found.recovered[place].clip(0, 1))


def test_an_attack_after_some_epochs_is_the_labs():
    frame = shown_examples.attacked(4, [1, 2], samples=300, hidden=8)
    found = infer(Membership(epochs=4, samples=300, hidden=8), [1, 2])
    quality = frame[frame["part"] == "quality"]
    np.testing.assert_array_equal(quality["auc"], found.auc["auc"])
    assert set(frame["epochs"]) == {4}
    assert len(frame) == len(found.auc) + len(found.roc)
