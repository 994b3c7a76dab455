"""Installs Chromium for the browser tests if this is possible without questions: as root, with apt-get. Run by `make test`.

Otherwise it prints one line that says why these tests will not run. With CI=true this is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.browser import chromium


def obstacle() -> str | None:
    """Returns why Chromium cannot be installed here, or None if it can be installed."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get to install it with"
    if os.geteuid() != 0:
        return "installing it needs root"
    return None


def install() -> None:
    """Installs Debian's Chromium; raises `subprocess.CalledProcessError` if apt-get fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update", "-qq"), ("install", "-y", "-qq", "chromium")):
        subprocess.run(["apt-get", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    """Installs Chromium if it is missing; exits with 1 if it is still missing in CI."""
    if chromium.find():
        return
    reason = obstacle()
    if reason is None:
        print("Installing Chromium for the browser tests", flush=True)
        try:
            install()
        except subprocess.CalledProcessError as error:
            reason = f"apt-get ended with status {error.returncode}"
    if chromium.find() is None:
        print(f"The browser tests will not run: no Chromium was found, and {reason or 'none came with the package'}.", file=sys.stderr)
        sys.exit(1 if chromium.must_run() else 0)


if __name__ == "__main__":
    main()
