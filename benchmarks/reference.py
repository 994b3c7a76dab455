"""Published figures beside ours, as a table in Markdown; run by `make reference`. Nothing is tuned, and misses are printed."""

from __future__ import annotations

import os
import platform
import time

import torch
from sklearn import __version__ as sklearn_version

from benchmarks import mnist1d, sklearn_docs
from benchmarks.figures import Figure, markdown


def main() -> None:
    """Prints the table after all measurements."""
    torch.set_num_threads(1)
    begun = time.perf_counter()
    figures: list[Figure] = [*mnist1d.figures(), *sklearn_docs.figures()]
    versions = f"torch {torch.__version__}, scikit-learn {sklearn_version}, Python {platform.python_version()}"
    hits = sum(figure.hit for figure in figures)
    print(markdown(figures))
    print(f"\n{hits} of {len(figures)} hit. {versions}, {platform.machine()} with {os.cpu_count()} cores.")
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
