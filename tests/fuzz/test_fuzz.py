"""What nobody meant, by chance, with a fixed seed: taken, or refused in words. `make fuzz` tries many more, and measures them."""

from __future__ import annotations

from random import Random

import pytest

from core.runs import child
from core.ui.shell import PAGES
from scripts.fuzz import COUNTS
from tests.fuzz import links
from tests.fuzz.checks import CHECKS, try_link

FEW = {"settings": 300, "comparisons": 150, "texts": 150, "tables": 30, "training": 6}
"""Links are tried page by page, and bombs where there is a limit of memory: in `make fuzz`."""


def test_everything_that_can_be_tried_is():
    assert set(CHECKS) == set(COUNTS) == {*FEW, "links", "bombs"}


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.filterwarnings("default")
def test_what_nobody_meant_is_taken_or_refused_in_words(kind):
    make, check = CHECKS[kind]
    outcomes = [check(make(Random(f"{kind}/test/{number}"))) for number in range(FEW[kind])]
    assert set(outcomes) == {"taken", "refused"} or kind == "training", "the generator makes both"


@pytest.mark.parametrize("path", [page.path for page in PAGES])
@pytest.mark.filterwarnings("default")
def test_a_page_takes_any_link_or_refuses_it_in_words(path, monkeypatch):
    monkeypatch.setattr(child, "ensure_runner", lambda configuration: None)
    try_link((path, links.query(Random(f"links/test/{path}"), path)))


def test_every_page_has_widgets_to_be_set_by_a_link(monkeypatch):
    monkeypatch.setattr(child, "ensure_runner", lambda configuration: None)
    assert links.widgets(PAGES[0].path)
