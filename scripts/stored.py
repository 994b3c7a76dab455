"""Computes the results that are shipped with Tandem: the first paths of the page on optimizers."""

from __future__ import annotations

from core.labs.optimization import stored_paths
from core.ui.pages.optimizers.paths import computed_first_paths

if __name__ == "__main__":
    stored_paths.write(computed_first_paths())
