"""One training example, the original and as recovered from two checkpoints by division and by search."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas import DataFrame

from core.labs.privacy.data_recovery import Floats, Leak, batch_rows, checkpoints, pictures, read_out, recover
from core.labs.privacy.gradient_inversion import CLOSE, Inversion, invert

BATCH = 8
ORIGINAL, ALONE = "original", "alone in its update, by division"
DIVIDED, SEARCHED = f"from a batch of {BATCH}, by division", f"from a batch of {BATCH}, by search"
PANELS = (ORIGINAL, ALONE, DIVIDED, SEARCHED)


def of_one_example(tries: int = 6) -> DataFrame:
    """Returns variant (of `PANELS`), row, column, value (0 to 1): the first example of a seed's batch, for sigmoid units.

    The seed is the first of 0, 1, ... whose search finds the whole batch, or the last seed tried. Each try takes about 1 second.
    """
    for seed in range(tries):
        searched = invert(Inversion(batch_size=BATCH), seed)
        if (searched.examples["error"] <= CLOSE).all():
            break
    alone = recover(Leak(), seed)
    found = (alone.originals, alone.recovered, _divided(seed), searched.recovered)
    return pd.concat([_pixels(name, several[0]) for name, several in zip(PANELS, found, strict=True)], ignore_index=True)


def _divided(seed: int) -> Floats:
    """Returns the candidate of the unit whose bias changed most: the choice of an attacker who does not know the examples."""
    leak = Leak(batch_size=BATCH)
    x_UD, bias_U = read_out(*checkpoints(leak, batch_rows(BATCH, seed), seed))
    return pictures(x_UD[[np.abs(bias_U).argmax()]])


def _pixels(name: str, picture: Floats) -> DataFrame:
    frame = DataFrame(picture).rename_axis("row").reset_index().melt("row", var_name="column")
    return frame.assign(variant=name, column=frame["column"].astype(int), value=frame["value"].clip(0, 1))
