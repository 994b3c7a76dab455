"""Reads stored weights without torch, so that a page can show them at once.

The bytes are those of `torch.save` of a state_dict: a zip archive with a pickle of the names and shapes, and a file of raw numbers for each
tensor (pytorch.org/docs/stable/notes/serialization.html). The pickle may name nothing but what is listed here; all else is refused, as
`torch.load(weights_only=True)` does.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "BoolStorage": np.dtype("?"),
}


class WeightsError(ValueError):
    """Bytes that are no weights of a network."""


class _Storage(NamedTuple):
    """The raw numbers of a tensor: their type, and the name of their file."""

    dtype: np.dtype[Any]
    name: str


def read(data: bytes) -> dict[str, Array]:
    """The tensors of a state_dict as arrays, by name, in its order. Raises WeightsError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = archive.namelist()[0].partition("/")[0]
            found = _Reader(archive, root).load()
    except (zipfile.BadZipFile, KeyError, IndexError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(f"these are no stored weights: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, np.ndarray) for value in found.values()):
        raise WeightsError("these are no stored weights: not a state_dict")
    return dict(found)


class _Reader(pickle.Unpickler):
    """Makes arrays where torch would make tensors, and knows no other class."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        """The few names that a state_dict is made of."""
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} has no place among weights")

    def persistent_load(self, pid: Any) -> _Storage:
        """("storage", its type, its file, where it was, how many numbers)."""
        _, dtype, name, *_ = pid
        return _Storage(dtype, str(name))

    def _tensor(self, storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Array:
        numbers = np.frombuffer(self._archive.read(f"{self._root}/data/{storage.name}"), storage.dtype)
        reach = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        if offset < 0 or any(step < 0 for step in stride) or (0 not in shape and reach >= len(numbers)):
            raise pickle.UnpicklingError("a tensor reaches beyond its numbers")
        steps = tuple(step * storage.dtype.itemsize for step in stride)
        return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False).copy()
