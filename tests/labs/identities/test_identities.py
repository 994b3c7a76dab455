"""What all modules of identities have in common."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from core.analysis.claims import Below, judge
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


def test_errors_by_seed_can_be_judged():
    found = identities.by_seed(MODULES["linear_networks"].errors, (4, 9))
    assert found.index.tolist() == [4, 9]
    assert found.loc[9].to_dict() == MODULES["linear_networks"].errors(9)
    assert judge("exact", Below(1e-12), found["pair"]).verdict == "holds"
    assert judge("exact", Below(-1.0), found["pair"]).verdict == "fails"
