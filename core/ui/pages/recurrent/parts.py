"""The tabs of the page of recurrent networks that train, and what is said on each."""

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
    """A tab that trains: its keys begin with `page`; `experiments` are those it offers, of which the first is where it begins."""

    tab: str
    page: str
    about: str
    heading: str
    nothing_yet: str
    experiments: tuple[Experiment, ...]

    @property
    def start(self) -> Comparison:
        """What the form says when nobody has changed anything."""
        return self.experiments[0].comparison


ADDING_PART = Part(
    ADDING,
    recurrent.ADDING_PAGE,
    "A sequence of T numbers, two of them marked; say the sum of those two at the end. Always saying 1 has a mean squared error of "
    "**1/6** (the variance of a sum of two uniform numbers), and takes no memory. **What to look at:** who leaves that dotted line, and "
    "when. `rnn` is `h' = tanh(W x + U h + b)`; `lstm` adds a memory with gates, `c' = f c + i g` (Hochreiter & Schmidhuber 1997); `gru` "
    "keeps a share of its state, `h' = z h + (1 − z) n` ([Cho et al. 2014](https://arxiv.org/abs/1406.1078)).",
    "Two numbers to remember, up to T steps apart",
    "Three kinds of cell with equally many units read the same sequences. You will see which of them find out what the marks mean.",
    recurrent.ADDING,
)

CLIPPING_PART = Part(
    CLIPPING,
    recurrent.CLIPPING_PAGE,
    "Where the recurrent matrix has a spectral radius ρ above 1, a gradient can grow at every step on its way back; one update with it may "
    "throw the weights so far that the next gradient is longer still. **What to look at:** how many seeds diverge, and the norm of the "
    "gradient, before it is clipped. *Norm* scales a long gradient down, `g ← g · min(1, c/‖g‖)`, and keeps its direction "
    "([Pascanu et al. 2013](https://arxiv.org/abs/1211.5063)); *value* cuts every component to ±c; *percentile* takes c from the run's own "
    "recent norms ([Seetharaman et al. 2020](https://arxiv.org/abs/2007.14469)). Smaller updates or a smaller ρ are cures as well.",
    "A recurrent network whose gradients grow on their way back",
    "SGD at a rate that is fine for ρ = 0.9, and ρ = 1.5. You will see how many seeds diverge without clipping, and with each kind of it.",
    recurrent.CLIPPING,
)

TRUNCATION_PART = Part(
    TRUNCATION,
    recurrent.TRUNCATION_PAGE,
    "Truncated backpropagation through time cuts the gradient every k steps, counted from the last (Williams & Peng 1990); the states "
    "themselves run on. What lies further back is not credited for what comes of it. **What to look at:** the copy task (two of four "
    "symbols, to be told 12 steps later) has a loss of **ln 4** without a memory. Cut well below the lag of 12, the network has to live on "
    "what its state happens to keep. The adding problem is another matter: the rule for a marked number is the same at every step, so what "
    "the last steps teach also serves the first ones.",
    "Two symbols to remember, and a gradient that does not reach them",
    "A GRU is trained with the gradient cut every 12, 8 or 4 steps, or never. You will see what that costs, and what it saves.",
    recurrent.TRUNCATION,
)

PARTS = {part.tab: part for part in (ADDING_PART, CLIPPING_PART, TRUNCATION_PART)}


class Baseline(NamedTuple):
    """A loss that takes no memory, and what it is."""

    value: float
    label: str


def baselines(comparison: Comparison) -> dict[str, Baseline]:
    """Variant -> the loss that its own data allow without a memory; those for which it is not known are left out."""
    found = {name: _baseline(run.data) for name, run in comparison.settings.items()}
    return {name: baseline for name, baseline in found.items() if baseline is not None}


def _baseline(data: Any) -> Baseline | None:
    if isinstance(data, Adding):  # a scaled target has variance 1
        return Baseline(recurrent.MEMORYLESS if data.scale == "none" else 1.0, "always saying the mean")
    if isinstance(data, Copy):
        return Baseline(math.log(data.symbols), "guessing")
    return None
