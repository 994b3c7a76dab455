"""What two checkpoints reveal about the examples used between them: after one step of plain SGD on one example, the whole example.

For a first layer z = W x + b, every unit u has dL/dW_u = d_u x and dL/db_u = d_u, with d_u = dL/dz_u. One step from W, b to W', b' moves
both along their gradients with the same learning rate, so that

    x = (W'_u - W_u) / (b'_u - b_u)

for every unit with d_u other than 0. This division needs neither the learning rate, nor the loss, nor the layers above. For a batch, it
gives a mean of the examples with weights d_u, some of them negative. With ReLU, a unit may be active for only one example of the batch;
then it reveals this example.

The steps are those of the engine on the handwritten digits, for networks with one hidden layer. Settings that `Leak` does not have keep
their defaults.

Source: Phong et al. 2018, "Privacy-preserving deep learning via additively homomorphic encryption", section 3.

Shapes: B examples of the batch, U units, D features, S side of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from pydantic import Field

from core.choices.base import Choice, LearningRate, NonNegative
from core.data.loading import load_data
from core.data.sets.bundled import Digits
from core.labs.threads import one_thread
from core.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Activation = Literal["sigmoid", "tanh", "relu"]

EXACT = 1e-6
"""Largest relative error of an example that counts as recovered by division."""

SIDE = 8
BRIGHTEST = 16.0
DATA = Digits()


class Leak(Choice):
    """The network, and the step between the two checkpoints."""

    activation: Activation = Field("sigmoid", description="Activation of the hidden units.")
    hidden: int = Field(32, ge=1, le=1024, description="Hidden units.")
    batch_size: int = Field(1, ge=1, le=128, description="Number of examples in the step.")
    optimizer: Literal["sgd", "adam"] = Field("sgd", description="Optimizer of the step. Adam's step does not follow the gradient.")
    lr: LearningRate = 0.1
    weight_decay: NonNegative = Field(0.0, description="Adds a change of the weights that does not come from the gradient of the loss.")
    dtype: Literal["float64", "float32"] = Field("float64", description="Number type of the weights.")

    def run(self, seed: int) -> RunSettings:
        """Returns the run whose first update is the step."""
        return RunSettings.model_validate(
            {
                "data": DATA,
                "model": {"kind": "mlp", "hidden": [self.hidden], "activation": self.activation},
                "optimizer": {"kind": self.optimizer, "lr": self.lr, "weight_decay": self.weight_decay},
                "training": {"epochs": 1, "batch_size": self.batch_size, "dtype": self.dtype},
                "seed": seed,
            }
        )


class Recovery(NamedTuple):
    """The recovered examples.

    examples: row (in the training part), label, unit (whose candidate is nearest to the example), error (relative, of this unit). One row
    for each example. units: unit, bias_change (absolute), row (of the nearest example), error (relative, from this example). One row for
    each unit; a unit whose bias did not change has no candidate and an infinite error. originals, recovered: (B, S, S), pixels from 0 to 1
    (recovered pixels may lie outside); each recovered picture comes from the unit of its example.
    """

    examples: DataFrame
    units: DataFrame
    originals: Floats
    recovered: Floats


def recover(leak: Leak | None = None, seed: int = 0) -> Recovery:
    """Makes the step and recovers the examples, in about 0.1 seconds. The seed decides initial weights and examples. Imports torch."""
    leak = leak or Leak()
    rows = batch_rows(leak.batch_size, seed)
    split = load_data(DATA)
    x_BD = split.x_train[rows]
    before, after = checkpoints(leak, rows, seed)
    x_UD, bias_U = read_out(before, after)
    error_UB = relative_errors(x_UD, x_BD)
    unit_B, row_U = error_UB.argmin(0), error_UB.argmin(1)
    examples = {"row": rows, "label": split.y_train[rows], "unit": unit_B, "error": error_UB.min(0)}
    units = {"unit": np.arange(len(x_UD)), "bias_change": np.abs(bias_U), "row": rows[row_U], "error": error_UB.min(1)}
    return Recovery(DataFrame(examples), DataFrame(units), pictures(x_BD), pictures(np.nan_to_num(x_UD[unit_B])))


def recoveries(leaks: Mapping[str, Mapping[str, Any]], seeds: int) -> DataFrame:
    """Returns what each leak, given by its settings, reveals about a batch, for the seeds 0, 1, ...: leak, seed, blind, nearest, share.

    blind: the relative error of the unit whose bias changed most; an attacker can choose this unit without knowing the examples.
    nearest: the smallest relative error over all pairs of unit and example. share: the fraction of the examples that some unit reveals
    with a relative error of at most `EXACT`.
    """
    rows = []
    for name, settings in leaks.items():
        for seed in range(seeds):
            found = recover(Leak.model_validate(settings), seed)
            error = found.examples["error"]
            moved_most = int(found.units["bias_change"].argmax())
            blind = float(found.units["error"].iloc[moved_most])
            numbers = {
                "blind": blind,
                "nearest": float(error.min()),
                "share": float((error <= EXACT).mean()),
            }
            rows.append({"leak": name, "seed": seed, **numbers})
    return DataFrame(rows)


def checkpoints(leak: Leak, rows: NDArray[np.int64], seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Returns the state_dicts before and after one update of the engine on these training examples."""
    from core.engine.advance import advance
    from core.engine.network.networks import build_model, trained_model
    from core.engine.stack import begin

    run = leak.run(seed)
    before = build_model(run).state_dict()
    with one_thread():
        _, records = advance(begin([run], order=[rows[None]]))
    return before, trained_model(run, records.ended[0]["weights"]).state_dict()


def read_out(before: dict[str, Tensor], after: dict[str, Tensor]) -> tuple[Floats, Floats]:
    """Returns the candidate of each unit of the first layer (U, D), NaN where its bias did not change, and the change of each bias (U,)."""
    weight, bias = ((after[name] - before[name]).double().numpy() for name in list(before)[:2])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bias[:, None] == 0, np.nan, weight / bias[:, None]), bias


def relative_errors(found_UD: Floats, x_BD: Floats) -> Floats:
    """Returns |found - x| / |x| for each pair (U, B); it is infinite where nothing was found."""
    from scipy.spatial.distance import cdist

    return np.nan_to_num(cdist(found_UD, x_BD) / np.linalg.norm(x_BD, axis=1), nan=np.inf)


def batch_rows(size: int, seed: int) -> NDArray[np.int64]:
    """Returns the rows of a seed's batch in the training part, all different."""
    return np.random.default_rng(seed).permutation(len(load_data(DATA).x_train))[:size]


def pictures(x_BD: Floats) -> Floats:
    """Returns standardised examples as pictures with pixels from 0 to 1: (B, S, S)."""
    raw_ND = load_data(DATA.model_copy(update={"scale": "none"})).x_train
    spread_D = raw_ND.std(0)
    spread_D = np.where(spread_D == 0, 1.0, spread_D)
    return ((x_BD * spread_D + raw_ND.mean(0)) / BRIGHTEST).reshape(-1, SIDE, SIDE)
