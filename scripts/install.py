"""Makes the virtual environment and installs requirements files into it; run by `make install` and the Dockerfile.

Torch is installed first and alone, so that the other requirements do not decide its build. On Linux, PyTorch's own index of CPU builds is
used too if it answers quickly, because the Linux wheels of the default index need 2.7 GB of CUDA libraries.

Only the standard library is used here, because nothing is installed yet.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
INDEX_TIMEOUT_S = 2.0
OLDEST_PYTHON = (3, 11)


def answers(url: str, timeout_s: float = INDEX_TIMEOUT_S) -> bool:
    """Returns whether `url` answers a HEAD request with success within `timeout_s` seconds, including the name resolution."""
    succeeded = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=timeout_s):
                succeeded.set()
        except (urllib.error.URLError, OSError):
            pass

    # A socket's timeout does not limit the name look-up, so the wait is limited here; the thread dies with the process.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return succeeded.is_set()


def torch_index() -> list[str]:
    """Returns pip's arguments that make it prefer the CPU build of torch; none if that build is the default or there is a GPU.

    It is an extra index: a local version such as 2.13.0+cpu sorts above 2.13.0, so pip prefers it if it finds both.
    """
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return []
    return ["--extra-index-url", TORCH_CPU_INDEX] if answers(f"{TORCH_CPU_INDEX}/torch/") else []


def torch_pin() -> str:
    """Returns the requirement on torch in requirements.txt, such as `torch==2.13.0`."""
    match = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    if match is None:
        sys.exit("requirements.txt pins no torch version")
    return match.group()


def make_venv(folder: Path) -> Path:
    """Returns the Python interpreter of the environment at `folder`; makes the environment if it does not exist."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"Making a virtual environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    return python


def pip_install(python: Path, *arguments: str) -> None:
    """Installs packages; if pip fails, ends this process with pip's exit status."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    print("Installing", *arguments, flush=True)
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(status)


def main() -> None:
    """Installs torch, then the given requirements files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="folder of the virtual environment")
    parser.add_argument("requirements", nargs="+", help="requirements files")
    arguments = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Tandem needs Python {'.'.join(map(str, OLDEST_PYTHON))} or newer; this is {sys.version.split()[0]}")
    python = make_venv(arguments.venv)
    pip_install(python, torch_pin(), *torch_index())
    pip_install(python, *(argument for name in arguments.requirements for argument in ("-r", name)))


if __name__ == "__main__":
    main()
