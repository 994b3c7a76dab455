"""What torch's optimizers remember, taken out of them and put back, as one value a run.

Shapes: G runs that one optimizer steps at once, P parameters of a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

OptimizerState = dict[str, Any]
"""Of one torch optimizer: `tensors`, torch's own state of each of its tensors, and `groups`, the rest of its param_groups.

Of a user's also `attributes`, what it keeps in plain values beside them.
"""


def tensors_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The tensors that an optimizer steps, in order."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def state_of(optimizer: torch.optim.Optimizer, *, foreign: bool) -> OptimizerState:
    """What an optimizer remembers; of a user's (`foreign`) with its attributes."""
    groups = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    state = {"tensors": [dict(optimizer.state.get(p, {})) for p in tensors_of(optimizer)], "groups": groups}
    return state | {"attributes": _attributes(optimizer)} if foreign else state


def _attributes(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What a user's optimizer keeps in attributes of its own, as far as it is plain values and none of its parameters."""
    torchs_own = vars(torch.optim.SGD([torch.zeros(1)], lr=1.0)).keys()
    parameters = {id(tensor) for tensor in tensors_of(optimizer)}
    return {name: value for name, value in vars(optimizer).items() if name not in torchs_own and _is_plain(value, parameters)}


def _is_plain(value: Any, parameters: set[int]) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item, parameters) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple):
        return all(_is_plain(item, parameters) for item in value)
    return value is None or (isinstance(value, bool | int | float | str | Tensor) and id(value) not in parameters)


def restore(optimizer: torch.optim.Optimizer, state: OptimizerState) -> None:
    """Puts back what `state_of` gave. The optimizer then owns the tensors of `state`, and changes them in place."""
    for group, saved in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(saved)
    saved_of = iter(state["tensors"])
    for group in optimizer.param_groups:
        for p in group["params"]:
            if saved := next(saved_of):
                optimizer.state[p].update({name: _at_home(value, fused=group.get("fused")) for name, value in saved.items()})
    vars(optimizer).update(state.get("attributes", {}))


def _at_home(value: Any, *, fused: bool | None) -> Any:
    """A value of a stored state where torch keeps it: on a GPU, counters of updates stay on the host unless the step is fused."""
    return value.cpu() if isinstance(value, Tensor) and value.dim() == 0 and not fused else value


def split(state: OptimizerState, runs: int) -> list[OptimizerState]:
    """The state of an optimizer that steps `runs` runs at once, run by run: rows of its tensors (G, P), and all that they share."""
    return [state | {"tensors": [_row(tensors, row) for tensors in state["tensors"]]} for row in range(runs)]


def _row(tensors: dict[str, Any], row: int) -> dict[str, Any]:
    return {name: value[row] if _by_row(value) else value for name, value in tensors.items()}


def _by_row(value: Any) -> bool:
    """Whether a value of an optimizer's state has a row a run; one of no dimensions is a counter that they share."""
    return isinstance(value, Tensor) and value.dim() > 0


def joined(states: Sequence[OptimizerState]) -> OptimizerState:
    """The way back from `split`: the state of an optimizer that steps these runs at once."""
    first = states[0]
    tensors = [
        {name: torch.stack([state["tensors"][place][name] for state in states]) if _by_row(value) else value for name, value in own.items()}
        for place, own in enumerate(first["tensors"])
    ]
    return first | {"tensors": tensors}
