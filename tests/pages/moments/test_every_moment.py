"""Every page, and every tab of it, at every moment of a comparison that grows, ends well, ends badly, or never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ui.shell import HOME
from tests.pages.conftest import TITLES
from tests.pages.moments.conftest import Stores
from tests.pages.moments.drawn import draw, faults
from tests.pages.moments.timeline import MOMENTS
from tests.pages.moments.views import Views


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("path", [HOME, *TITLES])
def test_a_page_shows_what_there_is(views: Views, home: Path, a_store: Stores, path: str, moment: str):
    found = {}
    for view in views.of(path, moment):
        with a_store() as store:
            MOMENTS[moment](view.stage(store))
            if wrong := faults(draw(path, view.query), failed=moment.startswith("failed")):
                found[view.name] = wrong
    assert not found
