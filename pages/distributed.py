"""Distributed SGD: a server that waits for its workers, or does not wait."""

from __future__ import annotations

from core.ui.pages.distributed import distributed
from core.ui.shell import shell

shell("Distributed SGD")

distributed.draw()
