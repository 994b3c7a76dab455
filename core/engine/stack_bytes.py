"""A stack as bytes, of tensors and plain values only: what a worker is sent, and what the store keeps between two segments."""

from __future__ import annotations

import io
import pickle
from functools import lru_cache
from typing import Any

import torch

from core.choices.optimizers.others import CustomOptimizerError
from core.engine.stack import Stack, TeacherOutputs
from core.settings import RunSettings

FORMAT = 2
"""Raised when the plain values stand for something else. Bytes of format 1, which name none, are of runs of earlier engine versions."""


class StackFormatError(RuntimeError):
    """The bytes of a stack in a format of another version."""


def to_bytes(stack: Stack) -> bytes:
    """What `from_bytes` reads."""
    stream = io.BytesIO()
    torch.save({"format": FORMAT} | _plain(stack), stream)
    return stream.getvalue()


def _plain(stack: Stack) -> dict[str, Any]:
    return vars(stack) | {
        "runs": [run.text for run in stack.runs],
        "teachers": [_plain(teacher) for teacher in stack.teachers],
        "teacher_outputs": {key: vars(outputs) for key, outputs in stack.teacher_outputs.items()},
    }


def from_bytes(data: bytes, device: torch.device | None = None) -> Stack:
    """What `to_bytes` was called on, with its tensors on a device; nothing is unpickled.

    Raises StackFormatError for a format of another version, CustomOptimizerError for an optimizer's state that would need unpickling.
    """
    try:
        plain = torch.load(io.BytesIO(data), weights_only=True, map_location=device)
    except pickle.UnpicklingError as error:
        what = str(error).partition("GLOBAL ")[2].partition(" ")[0]
        if not what:  # no class that is refused: the bytes are broken
            raise
        kept = f"a custom optimizer keeps {what} in its state, which takes tensors, numbers, texts, lists and dicts"
        raise CustomOptimizerError(f"the training cannot be resumed: {kept}") from error
    form = plain.pop("format", 1)
    if form != FORMAT:
        raise StackFormatError("the training cannot be resumed: it was begun by another version of Tandem; go on with that one")
    return _stack_of(plain)


def _stack_of(plain: dict[str, Any]) -> Stack:
    return Stack(
        **plain
        | {
            "runs": tuple(map(_settings, plain["runs"])),
            "teachers": tuple(map(_stack_of, plain["teachers"])),
            "teacher_outputs": {key: TeacherOutputs(**outputs) for key, outputs in plain["teacher_outputs"].items()},
        }
    )


@lru_cache(maxsize=2048)
def _settings(text: str) -> RunSettings:
    """The settings that a text holds, kept for the next segments of the same stack: their keys take longer than an update."""
    return RunSettings.model_validate_json(text)
