"""A state_dict as bytes in the safetensors format: arrays by name, and no code that could run. Reading needs no torch.

Source: https://huggingface.co/docs/safetensors (the format's own description).
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as without_torch

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

OLDER = b"PK\x03\x04"
"""The first bytes of the files that earlier versions wrote with torch.save, which are zip archives."""


class WeightsError(ValueError):
    """Bytes that do not hold the weights of a network."""


def to_bytes(state: dict[str, Tensor]) -> bytes:
    """The bytes that `arrays` and `tensors` read."""
    from safetensors import torch as with_torch

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    return bytes(with_torch.save(plain, metadata={"names": json.dumps(list(plain))}))


def arrays(data: bytes) -> dict[str, Array]:
    """The arrays by name, in the order of the state_dict. Raises WeightsError for bytes that are not stored weights.

    Torch is imported only for the bytes of earlier versions.
    """
    if data.startswith(OLDER):
        return {name: np.asarray(tensor) for name, tensor in tensors(data).items()}
    try:
        found = without_torch.load(data)
        return {name: found[name] for name in _names(data)}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"these are no stored weights: {error}") from error


def _names(data: bytes) -> list[str]:
    """The names in order; safetensors sorts them. The file begins with the length of its header (8 bytes) and the header in JSON."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    names: list[str] = json.loads(header["__metadata__"]["names"])
    return names


def tensors(data: bytes) -> dict[str, Tensor]:
    """The same as `arrays`, as torch tensors."""
    import torch

    if not data.startswith(OLDER):
        return {name: torch.from_numpy(array) for name, array in arrays(data).items()}
    try:
        found = torch.load(io.BytesIO(data), weights_only=True)
    except Exception as error:  # broken bytes can raise almost anything
        raise WeightsError(f"these are no stored weights: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise WeightsError("these are no stored weights: not a state_dict")
    return dict(found)
