"""The outputs of networks on a part of the data, in eval mode or with a planted evaluation mistake.

Shapes: R runs, N examples, D features, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from core.engine.network.layers import Pass
from core.engine.network.networks import Network
from core.engine.streams import Draws, uniforms

CHUNK, CHUNK_OF_CHAIN = 256, 512
"""Examples evaluated at once; the second number is for networks that are one chain. Larger chunks save no time and need much more memory.
"""
TRAINING, VALIDATION, TEST = range(3)

Watch = Callable[[str, Tensor], None]


@torch.no_grad()
def outputs_on(network: Network, x_ND: Tensor, watch: Watch | None = None, *, step: int = 0, part: int = TEST) -> Tensor:
    """The outputs (R, N, C). If dropout stays on by mistake, `step` and `part` select the masks."""
    if network.mistake.by_batch:
        found = [_by_mistake(network, x, watch, (step, part, place)) for place, x in enumerate(batches(network, x_ND))]
    else:
        found = [network.look(x, watch) for x in x_ND.split(CHUNK if network.chain is None else CHUNK_OF_CHAIN)]
    return torch.cat([outputs_RBC.mT for outputs_RBC in found], dim=2).mT


def _by_mistake(network: Network, x_BD: Tensor, watch: Watch | None, where: tuple[int, int, int]) -> Tensor:
    """The outputs (R, B, C) for examples that are evaluated together, while the mistake keeps dropout or batch statistics on."""
    mode = Pass(training=False, watch=watch, batch_statistics=network.mistake.batch_statistics)
    if network.mistake.keeps_dropout:
        masks, (step, *evaluated) = Draws(network.runs, "dropout", network.flat_RP), where
        mode.uniforms = lambda layer, shape: masks(lambda seed: uniforms(seed, layer, step, shape, *evaluated))
    return network(x_BD.expand(len(network.flat_RP), *x_BD.shape), mode)


def batches(network: Network, x_ND: Tensor) -> tuple[Tensor, ...]:
    """The examples in batches of the training batch size; a single example at the end joins the batch before it."""
    size = network.runs[0].training.batch_size
    pieces = (x_ND,) if size == "full" else x_ND.split(size)
    return pieces if len(pieces) < 2 or len(pieces[-1]) > 1 else (*pieces[:-2], torch.cat(pieces[-2:]))
