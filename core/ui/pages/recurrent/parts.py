"""The tabs of the page of recurrent networks that train, and their texts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from core.comparison import Comparison
from core.data.sets.problems import Adding, Copy
from core.experiments import recurrent
from core.experiments.experiment import Experiment

TABS = ("Adding problem", "Gradient against lag", "Clipping", "Truncation")
ADDING, LAG, CLIPPING, TRUNCATION = TABS


class Part(NamedTuple):
    """A tab that trains. Its keys begin with `page`; `experiments` are those it offers, and the first one is its initial state."""

    tab: str
    page: str
    about: str
    heading: str
    nothing_yet: str
    experiments: tuple[Experiment, ...]

    @property
    def start(self) -> Comparison:
        """The form's initial state."""
        return self.experiments[0].comparison


ADDING_PART = Part(
    ADDING,
    recurrent.ADDING_PAGE,
    "A sequence of T numbers, two of them marked; the target is the sum of these two. Always predicting 1 has a mean squared error of "
    "**1/6** (the variance of a sum of two uniform numbers), and needs no memory. **What to look at:** which networks get below this "
    "dotted line, and "
    "when. `rnn` is `h' = tanh(W x + U h + b)`; `lstm` adds a memory with gates, `c' = f c + i g` (Hochreiter & Schmidhuber 1997); `gru` "
    "keeps a share of its state, `h' = z h + (1 − z) n` ([Cho et al. 2014](https://arxiv.org/abs/1406.1078)).",
    "Two numbers to remember, up to T steps apart",
    "Three kinds of cell with the same number of units read the same sequences. You will see which of them learn what the marks mean.",
    recurrent.ADDING,
)

CLIPPING_PART = Part(
    CLIPPING,
    recurrent.CLIPPING_PAGE,
    "If the recurrent matrix has a spectral radius ρ above 1, a gradient can grow at every step back in time; one update with it may "
    "move the weights so far that the next gradient is even larger. **What to look at:** how many seeds diverge, and the norm of the "
    "gradient before clipping. *Norm* scales a large gradient down, `g ← g · min(1, c/‖g‖)`, and keeps its direction "
    "([Pascanu et al. 2013](https://arxiv.org/abs/1211.5063)); *value* limits every component to ±c; *percentile* takes c from the run's "
    "own "
    "recent norms ([Seetharaman et al. 2020](https://arxiv.org/abs/2007.14469)). Smaller updates or a smaller ρ also help.",
    "A recurrent network whose gradients grow back in time",
    "SGD with a rate that works for ρ = 0.9, but here with ρ = 1.5. You will see how many seeds diverge without clipping, and with each "
    "kind of clipping.",
    recurrent.CLIPPING,
)

TRUNCATION_PART = Part(
    TRUNCATION,
    recurrent.TRUNCATION_PAGE,
    "Truncated backpropagation through time cuts the gradient every k steps, counted from the last one (Williams & Peng 1990); the states "
    "themselves are not cut. Earlier steps get no gradient from later losses. **What to look at:** the copy task (two of four "
    "symbols, to be repeated 12 steps later) has a loss of **ln 4** without memory. If the cut is well below the lag of 12, the network "
    "can only "
    "use what its state keeps by chance. The adding problem is different: the rule for a marked number is the same at every step, so what "
    "the network learns from the last steps also works for the first ones.",
    "Two symbols to remember, and a gradient that does not reach them",
    "A GRU is trained with the gradient cut every 12, 8 or 4 steps, or never. You will see the cost and the savings of truncation.",
    recurrent.TRUNCATION,
)

PARTS = {part.tab: part for part in (ADDING_PART, CLIPPING_PART, TRUNCATION_PART)}


class Baseline(NamedTuple):
    """A loss that can be reached without memory, and its description."""

    value: float
    label: str


def baselines(comparison: Comparison) -> dict[str, Baseline]:
    """Variant -> the loss that its own data allow without memory; variants without a known baseline are left out."""
    found = {name: _baseline(run.data) for name, run in comparison.settings.items()}
    return {name: baseline for name, baseline in found.items() if baseline is not None}


def _baseline(data: Any) -> Baseline | None:
    if isinstance(data, Adding):  # a scaled target has variance 1
        return Baseline(recurrent.MEMORYLESS if data.scale == "none" else 1.0, "always predicting the mean")
    if isinstance(data, Copy):
        return Baseline(math.log(data.symbols), "guessing")
    return None
