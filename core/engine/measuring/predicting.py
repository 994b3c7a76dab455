"""The predictions that are stored when runs end.

Shapes: R runs, N kept examples, D features, C classes, K classified positions of an example.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.data.loading import Split, load_data
from core.engine.batches import Tensors
from core.engine.measuring.outputs import outputs_on
from core.engine.measuring.predictions import Predictions, kept_examples
from core.engine.network.networks import Network
from core.settings import RunSettings

Place = tuple[str, int, np.ndarray]
"""The name of the part, its number of examples (or positions), and the indices of the kept ones."""


def predictions_of(network: Network, data: Tensors, runs: Sequence[RunSettings], rows: Sequence[int], step: int) -> dict[int, bytes]:
    """The predictions of these rows on the test part, or on the validation part if there is no test part.

    Rows whose outputs are not finite have none; without either part the result is empty. All runs share the data of the first run, and
    have had `step` updates.
    """
    split = load_data(runs[0].data)
    name, part, y = ("test", data.test, split.y_test) if len(data.test) else ("validation", data.val, split.y_val)
    if not len(part) or not rows:
        return {}
    chosen = kept_examples(len(part), split.outputs * split.targets, runs[0].data.split_seed)
    positions = (chosen[:, None] * split.targets + np.arange(split.targets)).ravel()
    outputs_RNO = outputs_on(network, part.x_ND[torch.from_numpy(chosen).to(part.x_ND.device)], step=step).double().cpu()
    place = (name, len(part) * split.targets, positions)
    return {row: _packed(outputs_RNO[row], y[chosen].ravel(), place, split) for row in rows if outputs_RNO[row].isfinite().all()}


def _packed(outputs_NO: Tensor, target_N: np.ndarray, place: Place, split: Split) -> bytes:
    name, size, positions = place
    if split.class_names is None:
        target = target_N * split.target_unit + split.target_mean
        output = outputs_NO[:, 0].numpy() * split.target_unit + split.target_mean
    else:
        target = target_N.astype(np.int16)
        output = outputs_NO.reshape(len(target_N), split.outputs).softmax(1).float().numpy()
    return Predictions(name, size, positions.astype(np.int32), target, output, split.class_names or ()).to_bytes()
