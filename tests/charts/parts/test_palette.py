"""Colours that mean a variant, for every eye and on both backgrounds."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from core.charts.parts import palette

# Machado, Oliveira & Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
THEME = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text())["theme"]
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")


def linear(colour):
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Björn Ottosson 2020, "A perceptual color space for image processing"."""
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(to_cones @ rgb)


def closest(colours, sight):
    seen = [oklab(np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in colours]
    return min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2))


def contrast(colour, other):
    bright, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (colour, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*palette.COLOURS, palette.MISSING, *palette.CLASSES])
def test_every_colour_is_legible_on_both_backgrounds(colour, theme):
    assert contrast(colour, THEME[theme]["backgroundColor"]) >= 3


def test_the_page_has_the_colours_of_the_charts():
    assert tuple(THEME["chartCategoricalColors"]) == palette.COLOURS


@pytest.mark.parametrize("sight", SIGHT)
def test_no_two_colours_are_closer_than_the_closest_of_okabe_and_ito(sight):
    worst_of_theirs = min(closest(OKABE_ITO, kind) for kind in SIGHT)
    assert closest(palette.COLOURS, sight) > worst_of_theirs


def test_a_colour_belongs_to_the_place_in_the_comparison():
    names = [f"v{place}" for place in range(11)]
    colours = palette.colours(names)
    assert colours == {name: palette.COLOURS[place % 8] for place, name in enumerate(names)}
    assert palette.colours(names[:3]) == {name: colours[name] for name in names[:3]}


def test_what_families_are_held_against_takes_no_colour_of_theirs():
    found = palette.with_references(["a", "b", "c"], ["dense", "other", "third"])
    assert {name: found[name] for name in "abc"} == palette.colours(["a", "b", "c"])
    assert found["dense"] == palette.MISSING
    assert len(set(found.values())) == 6


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (8, [8]), (9, [8, 1]), (17, [8, 8, 1])])
def test_panels_hold_at_most_eight_and_lose_none(count, sizes):
    names = [f"v{place}" for place in range(count)]
    groups = palette.groups(names)
    assert [len(group) for group in groups] == sizes
    assert list(itertools.chain(*groups)) == names


def test_a_name_stays_text_in_the_expression_of_a_legend():
    hostile = '"]; alert(1); ["'
    expression = palette.lookup([hostile], [hostile + " (n=1)"])
    assert expression == '["\\"]; alert(1); [\\" (n=1)"][indexof(["\\"]; alert(1); [\\""], datum.value)]'
