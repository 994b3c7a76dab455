"""What all modules of identities have in common."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from core.labs import identities

MODULES = {
    module.name: importlib.import_module(f"core.labs.identities.{module.name}") for module in pkgutil.iter_modules(identities.__path__)
}
CHECKED = sorted(name for name, module in MODULES.items() if hasattr(module, "errors"))


def test_all_but_the_printed_network_say_their_errors():
    assert set(MODULES) - set(CHECKED) == {"numpy_network"}


@pytest.mark.parametrize("name", CHECKED)
def test_errors_are_numbers_that_a_seed_decides(name):
    found = MODULES[name].errors(11)
    assert found == MODULES[name].errors(11)
    assert found
    assert all(isinstance(error, int | float) and error >= 0 for error in found.values()), found
