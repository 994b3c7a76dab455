"""Every page opens, on an empty and on a filled store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.conftest import ROOT, TITLES


def test_every_page_is_in_the_table_of_pages():
    assert {str(file.relative_to(ROOT)) for file in Path(ROOT / "pages").glob("*.py")} == set(TITLES)


@pytest.mark.parametrize("path", TITLES)
def test_a_page_opens_on_an_empty_store(open_page, store, path):
    open_page(path)


@pytest.mark.parametrize("path", TITLES)
def test_a_page_opens_on_a_filled_store(open_page, filled, path):
    open_page(path)
