"""Computes the results that are shipped with Tandem: the first paths of the page on optimizers, and the networks of the playground."""

from __future__ import annotations

from core.labs.optimization import stored_paths
from core.runs import labs
from core.runs.recorded import labs as recorded
from core.ui.pages.optimizers.paths import computed_first_paths
from core.ui.pages.playground.settings import START

if __name__ == "__main__":
    stored_paths.write(computed_first_paths())
    recorded.write({lab.key: labs.compute(lab.name, dict(lab.arguments))[0] for lab in START.labs().values()})
