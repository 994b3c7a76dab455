"""The state of torch's optimizers, taken out of them and put back, as one value for each run.

Shapes: G runs that one optimizer updates at once, P parameters of a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

OptimizerState = dict[str, Any]
"""The state of one torch optimizer: `tensors`, torch's state of each of its tensors, and `groups`, its param_groups without the tensors.

For a user's optimizer there is also `attributes`: the plain values that it keeps as attributes.
"""


def tensors_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The tensors that an optimizer updates, in order."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def state_of(optimizer: torch.optim.Optimizer, *, foreign: bool) -> OptimizerState:
    """The state of an optimizer; with `foreign` (a user's optimizer), its attributes too."""
    groups = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    state = {"tensors": [dict(optimizer.state.get(p, {})) for p in tensors_of(optimizer)], "groups": groups}
    return state | {"attributes": _attributes(optimizer)} if foreign else state


def _attributes(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The attributes that a user's optimizer adds to torch's, if they are plain values and do not contain its parameters."""
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
    """Restores what `state_of` returned. The optimizer then owns the tensors of `state`, and changes them in place."""
    for group, saved in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(saved)
    saved_of = iter(state["tensors"])
    for group in optimizer.param_groups:
        for p in group["params"]:
            if saved := next(saved_of):
                optimizer.state[p].update({name: _at_home(value, fused=group.get("fused")) for name, value in saved.items()})
    vars(optimizer).update(state.get("attributes", {}))


def _at_home(value: Any, *, fused: bool | None) -> Any:
    """A stored value on the device where torch keeps it: on a GPU, update counters stay on the CPU unless the optimizer is fused."""
    return value.cpu() if isinstance(value, Tensor) and value.dim() == 0 and not fused else value


def split(state: OptimizerState, runs: int) -> list[OptimizerState]:
    """The state of an optimizer for `runs` runs, split by run: one row of its tensors (G, P) each, and everything that they share."""
    return [state | {"tensors": [_row(tensors, row) for tensors in state["tensors"]]} for row in range(runs)]


def _row(tensors: dict[str, Any], row: int) -> dict[str, Any]:
    return {name: value[row] if _by_row(value) else value for name, value in tensors.items()}


def _by_row(value: Any) -> bool:
    """Whether a value has one row for each run; a tensor without dimensions is a counter that all runs share."""
    return isinstance(value, Tensor) and value.dim() > 0


def joined(states: Sequence[OptimizerState]) -> OptimizerState:
    """The inverse of `split`: the state of one optimizer that updates all these runs at once."""
    first = states[0]
    tensors = [
        {name: torch.stack([state["tensors"][place][name] for state in states]) if _by_row(value) else value for name, value in own.items()}
        for place, own in enumerate(first["tensors"])
    ]
    return first | {"tensors": tensors}
