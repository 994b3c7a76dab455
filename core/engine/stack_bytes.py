"""A stack as bytes, made of tensors and plain values only: sent to a worker, and stored between two segments."""

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
"""Raised by one when the plain values change their meaning. Bytes without a format number are of format 1, from earlier engine versions."""


class StackFormatError(RuntimeError):
    """The bytes of a stack in the format of another version."""


def to_bytes(stack: Stack) -> bytes:
    """The bytes that `from_bytes` reads."""
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
    """The stack whose bytes `to_bytes` made, with its tensors on `device`; nothing is unpickled.

    Raises StackFormatError for the format of another version, and CustomOptimizerError for an optimizer's state that would need unpickling.
    """
    try:
        plain = torch.load(io.BytesIO(data), weights_only=True, map_location=device)
    except pickle.UnpicklingError as error:
        what = str(error).partition("GLOBAL ")[2].partition(" ")[0]
        if not what:  # no class was refused: the bytes are broken
            raise
        kept = f"a custom optimizer keeps {what} in its state, which may hold only tensors, numbers, texts, lists and dicts"
        raise CustomOptimizerError(f"the training cannot be resumed: {kept}") from error
    form = plain.pop("format", 1)
    if form != FORMAT:
        raise StackFormatError("the training cannot be resumed: another version of Tandem began it; continue with that version")
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
    """The settings in a text. They are cached for the next segments of the same stack, because computing their keys takes longer than an
    update.
    """
    return RunSettings.model_validate_json(text)
