"""One example as it was and as it is recovered."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from core.labs.privacy import data_recovery, recovered_pictures
from core.labs.privacy.recovered_pictures import ALONE, DIVIDED, ORIGINAL, PANELS


def panel(frame, name):
    return frame[frame["variant"] == name].pivot(index="row", columns="column", values="value").to_numpy()


def test_what_was_alone_comes_back_as_it_was_and_what_was_one_of_eight_does_not():
    found = recovered_pictures.of_one_example(tries=1)
    assert list(dict.fromkeys(found["variant"])) == list(PANELS)
    original, alone, divided = (panel(found, name) for name in (ORIGINAL, ALONE, DIVIDED))
    known = load_digits().images / 16
    assert np.abs(known - original).max((1, 2)).min() < 1e-6
    np.testing.assert_allclose(alone, original, atol=1e-9)
    assert np.abs(divided - original).max() > 0.1
    assert found["value"].between(0, 1).all()


def test_all_panels_are_of_the_same_example():
    assert data_recovery.batch_rows(8, 4)[0] == data_recovery.batch_rows(1, 4)[0]
