"""Points drawn by hand: what a text says, and what it may not say."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from core.data.loading import load_data
from core.data.sets import Drawn
from core.data.sets.drawn import ALPHABET, FEWEST, MOST, read
from core.settings import RunSettings

TEN = "A9" * FEWEST


def text(points: list[tuple[int, int]]) -> str:
    """The letters of places that are counted from 0 to 61."""
    return "".join(ALPHABET[x] + ALPHABET[y] for x, y in points)


def test_two_letters_are_a_place_between_minus_one_and_one():
    classes = read(f"{text([(0, 61), *[(31, 10)] * 9])}.{TEN}")
    assert classes[0][0] == (-1, 1)
    assert classes[0][1] == pytest.approx(((31 - 30.5) / 30.5, (10 - 30.5) / 30.5))
    assert classes[1] == [(-1, 1)] * FEWEST


def test_the_points_of_each_class_are_the_examples_and_noise_moves_them():
    points = [(x, 3 * x) for x in range(12)], [(40, y) for y in range(20)]
    given = f"{text(points[0])}.{text(points[1])}"
    plain, noisy = (load_data(Drawn(points=given, noise=noise, scale="none")) for noise in (0, 0.1))
    x = np.concatenate([plain.x_train, plain.x_val, plain.x_test])
    y = np.concatenate([plain.y_train, plain.y_val, plain.y_test])
    for label in (0, 1):
        expected = np.array(sorted((2 * a / 61 - 1, 2 * b / 61 - 1) for a, b in points[label]))
        assert np.array(sorted(map(tuple, x[y == label]))) == pytest.approx(expected)
    assert 0.05 < np.std(noisy.x_train - plain.x_train) < 0.2


@pytest.mark.parametrize(
    ("points", "said"),
    [("", "one dot"), (TEN, "one dot"), (f"{TEN}.{TEN}.{TEN}", "one dot"), (f"{TEN}.{TEN}A", "left over"), (f"{TEN}.{TEN}é!", "neither"),
     (f"{TEN}.AA", f"1 points, and it takes {FEWEST}"), (f"{'AA' * (MOST + 1)}.{TEN}", f"{MOST + 1} points")],
)  # fmt: skip
def test_what_is_no_text_of_points_is_refused_in_words(points, said):
    with pytest.raises(ValidationError, match=said):
        Drawn(points=points)


def test_the_default_can_be_read_and_drawn_points_are_part_of_a_runs_identity():
    assert [len(points) for points in read(Drawn().points)] == [56, 56]
    keys = {RunSettings(data=Drawn(points=points)).key for points in (Drawn().points, f"{TEN}.{TEN}")}
    assert len(keys) == 2
