"""Where Chromium is, and how the browser tests and the screenshots start it. Standard library only: installing uses it too."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

ARGUMENTS = (
    "--no-sandbox",  # in a container the process is root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


def find() -> str | None:
    """Path of an installed Chromium or Chrome; the CHROMIUM environment variable goes first. None when there is none."""
    named = os.environ.get("CHROMIUM")
    candidates = (named, *NAMES) if named else NAMES
    return next((path for name in candidates if (path := shutil.which(name))), None)


def must_run() -> bool:
    """Whether a missing browser is a failure rather than a reason to skip: it is in CI."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}
