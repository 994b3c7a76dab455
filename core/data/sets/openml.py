"""Data sets of OpenML, downloaded and cached by scikit-learn."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pandas as pd

from core.data.examples import DataError
from core.data.files import LIMITS, Limits, check_shape

PATIENCE = 10.0  # seconds without an answer
RETRIES = 1
_ONE_AT_A_TIME = threading.Lock()


def fetch(data_id: int, target: str, folder: Path, limits: Limits = LIMITS) -> tuple[pd.DataFrame, str]:
    """The table of an OpenML data set, and its target column: `target`, or the data set's default target if `target` is "".

    It is kept in `folder`/openml, from where it is read the next time without a network. Columns marked as row numbers or as ignored are
    left out. Raises DataError if the data set does not exist, is no dense table or exceeds `limits`, and if OpenML cannot be reached.
    """
    from sklearn.datasets import fetch_openml

    with _explained(folder / "openml"), _patient():
        description = _description(data_id, folder / "openml", limits)
        bunch = fetch_openml(data_id=data_id, data_home=folder, as_frame=True, target_column=None, n_retries=RETRIES)
    check_shape(len(bunch.data), len(bunch.data.columns), limits)
    return bunch.data, target or _own_target(description, list(bunch.data.columns))


def is_kept(data_id: int, folder: Path) -> bool:
    """Whether `fetch` reads a data set from `folder`/openml, without any request to OpenML."""
    from sklearn.datasets import _openml

    def at(url: str) -> Path:
        return Path(_openml._get_local_path(_openml._openml_path_from_url(url), str(folder / "openml")))

    told = [at(url.format(data_id)) for url in (_openml._DATA_INFO, _openml._DATA_FEATURES, _openml._DATA_QUALITIES)]
    if not all(file.exists() for file in told):
        return False
    try:
        description = json.loads(gzip.decompress(told[0].read_bytes()))["data_set_description"]
        return at(description["url"]).exists()
    except (OSError, EOFError, zlib.error, ValueError, KeyError):
        return False


def _own_target(description: dict[str, Any], columns: list[str]) -> str:
    own = description.get("default_target_attribute")
    if own not in columns:
        raise DataError(f"It has no default target column. Name one: {', '.join(map(repr, columns))}.")
    return str(own)


def _description(data_id: int, folder: Path, limits: Limits) -> dict[str, Any]:
    """OpenML's description of a data set, after its format and size are checked before the download.

    `fetch_openml` reports neither before it has downloaded everything, so its two requests are made here first. It then takes the answers
    from its folder, as we do the next time.
    """
    from sklearn.datasets import _openml

    description: dict[str, Any] = _openml._get_data_description_by_id(data_id, str(folder), n_retries=RETRIES)
    if description["format"].lower() != "arff":
        raise DataError(f"Its format is {description['format']}; only dense tables (ARFF) can be read. Choose another data set.")
    counts = {entry["name"]: entry["value"] for entry in _openml._get_data_qualities(data_id, str(folder), n_retries=RETRIES)}
    rows, columns = (int(float(counts.get(name) or 0)) for name in ("NumberOfInstances", "NumberOfFeatures"))
    if rows:  # OpenML has not counted all data sets
        check_shape(rows, columns, limits)
    return description


@contextmanager
def _patient() -> Iterator[None]:
    """Limits the waiting time: scikit-learn uses urllib without a limit, which takes the process's default. Hides warnings about retries.

    Both settings belong to the whole process, so only one thread at a time changes them.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(PATIENCE)
        try:
            warnings.filterwarnings("ignore", "A network error occurred|Invalid cache")
            yield
        finally:
            socket.setdefaulttimeout(before)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turns all errors of a download into DataError."""
    try:
        yield
    except DataError:
        raise
    except HTTPError as error:
        error.close()
        raise DataError(f"OpenML answered with an error ({error.code} {error.reason}). Try again later.") from error
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise DataError(
            f"It is not in {folder} yet, and OpenML cannot be reached from here ({getattr(error, 'reason', error)}). Connect this "
            "machine to the network (behind a proxy, set https_proxy), or copy that folder from a machine that has fetched it."
        ) from error
    except OSError as error:
        raise DataError(f"It cannot be kept in {folder}: {error.strerror}. Make room, or set TANDEM_HOME to another folder.") from error
    except (ValueError, KeyError) as error:  # also scikit-learn's OpenMLError: there is no such data set
        raise DataError(f"{str(error).rstrip('.')}. Check its number, or look at it on www.openml.org.") from error
