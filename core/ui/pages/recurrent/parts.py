"""The comparisons of the page of recurrent networks, and what is said of each."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from core.comparison import Comparison
from core.data.sets.problems import Adding, Copy
from core.ui.results.compression import Start

TABS = ("Adding problem", "Gradient against lag", "Clipping", "Truncation")
ADDING, LAG, CLIPPING, TRUNCATION = TABS


class Part(NamedTuple):
    """A tab that trains: its keys begin with `page`; `starts` are the comparisons it offers, of which the first is where it begins."""

    tab: str
    page: str
    about: str
    heading: str
    nothing_yet: str
    starts: tuple[Start, ...]

    @property
    def start(self) -> Comparison:
        """What the form says when nobody has changed anything."""
        return self.starts[0].comparison


def _adding(steps: int, samples: int, epochs: int, **model: Any) -> dict[str, Any]:
    return {
        "data": {"kind": "adding", "steps": steps, "samples": samples},
        "model": {"kind": "recurrent", "cell": "rnn", "hidden": 24} | model,
        "optimizer": {"kind": "adam", "lr": 0.02},
        "clipping": {"kind": "norm", "max_norm": 1.0},
        "training": {"epochs": epochs, "batch_size": 32},
    }


def _load(base: dict[str, Any], seeds: int = 3, **varied: Any) -> Comparison:
    return Comparison.load({"base": base, "seeds": seeds, **varied})


CELLS = {"model.cell": ["rnn", "lstm", "gru"]}

ADDING_PART = Part(
    ADDING,
    "recurrent",
    "A sequence of T numbers, two of them marked; say the sum of those two at the end. Always saying 1 has a mean squared error of "
    "**1/6** (the variance of a sum of two uniform numbers), and takes no memory. **What to look at:** who leaves that dotted line, and "
    "when. `rnn` is `h' = tanh(W x + U h + b)`; `lstm` adds a memory with gates, `c' = f c + i g` (Hochreiter & Schmidhuber 1997); `gru` "
    "keeps a share of its state, `h' = z h + (1 − z) n` ([Cho et al. 2014](https://arxiv.org/abs/1406.1078)).",
    "Two numbers to remember, up to T steps apart",
    "Three kinds of cell with equally many units read the same sequences. You will see which of them find out what the marks mean.",
    (
        Start("T = 30", "Three cells, 8 epochs.", _load(_adding(30, 2500, 8), vary=CELLS)),
        Start("T = 10", "So short that the tanh RNN learns it, too, though more slowly.", _load(_adding(10, 2500, 10), vary=CELLS)),
        Start("T = 50, about 8 s", "The usual length: the first mark is at least 25 steps back.", _load(_adding(50, 3500, 10), vary=CELLS)),
        Start(
            "RNN at other rates, tanh and ReLU",
            "T = 30, 20 epochs. One rate for all cells does not suit the RNN: at 0.003 the tanh RNN gets somewhere, too, and with "
            "ReLU from an orthogonal start it gets far. Compare Le, Jaitly & Hinton 2015 (arXiv:1504.00941).",
            _load(_adding(30, 2500, 20), vary={"model.activation": ["tanh", "relu"], "optimizer.lr": [0.001, 0.003, 0.01]}),
        ),
    ),
)

_EXPLODING: dict[str, Any] = {
    "data": {"kind": "adding", "steps": 10, "samples": 2500},
    "model": {"kind": "recurrent", "cell": "rnn", "hidden": 24, "spectral_radius": 1.5},
    "optimizer": {"kind": "sgd", "lr": 0.1},
    "training": {"epochs": 8, "batch_size": 32, "evaluate_every": 10},
}
_CLIPPINGS: dict[str, dict[str, Any]] = {
    "No clipping": {"kind": "none"},
    "Norm 1": {"kind": "norm", "max_norm": 1.0},
    "Value 0.1": {"kind": "value", "max_value": 0.1},
    "Percentile 10": {"kind": "percentile", "percentile": 10},
}


def _clipped(base: dict[str, Any], *more: dict[str, Any]) -> Comparison:
    variants = [{"name": name, "clipping": clipping} for name, clipping in _CLIPPINGS.items()]
    return _load(base, seeds=5, variants=[*variants, *more])


RADII = (0.9, 1.2, 1.5, 2.0)


def _of_radius(radius: float, name: str) -> dict[str, Any]:
    return {"name": f"ρ = {radius:g}, {name.lower()}", "model.spectral_radius": radius, "clipping": _CLIPPINGS[name]}


CLIPPING_PART = Part(
    CLIPPING,
    "recurrent_clipping",
    "Where the recurrent matrix has a spectral radius ρ above 1, a gradient can grow at every step on its way back; one update with it may "
    "throw the weights so far that the next gradient is longer still. **What to look at:** how many seeds diverge, and the norm of the "
    "gradient, before it is clipped. *Norm* scales a long gradient down, `g ← g · min(1, c/‖g‖)`, and keeps its direction "
    "([Pascanu et al. 2013](https://arxiv.org/abs/1211.5063)); *value* cuts every component to ±c; *percentile* takes c from the run's own "
    "recent norms ([Seetharaman et al. 2020](https://arxiv.org/abs/2007.14469)). Smaller steps or a smaller ρ are cures as well.",
    "A recurrent network whose gradients grow on their way back",
    "SGD at a rate that is fine for ρ = 0.9, and ρ = 1.5. You will see how many seeds diverge without clipping, and with each kind of it.",
    (
        Start(
            "RNN, ρ = 1.5",
            "T = 10, SGD at 0.1: no clipping, three kinds of it, and two other cures.",
            _clipped(
                _EXPLODING,
                {"name": "No clipping, ρ = 0.9", "model.spectral_radius": 0.9},
                {"name": "No clipping, lr = 0.03", "optimizer.lr": 0.03},
            ),
        ),
        Start(
            "ρ from 0.9 to 2",
            "The same network at four spectral radii, without clipping and clipped by norm.",
            _load(_EXPLODING, seeds=5, variants=[_of_radius(radius, name) for radius in RADII for name in ("No clipping", "Norm 1")]),
        ),
        Start(
            "GRU",
            "T = 20, SGD with momentum at 0.3: gates do not prevent it.",
            _clipped(
                _EXPLODING
                | {
                    "data": {"kind": "adding", "steps": 20, "samples": 2500},
                    "model": {"kind": "recurrent", "cell": "gru", "hidden": 24, "spectral_radius": 1.5},
                    "optimizer": {"kind": "sgd", "lr": 0.3, "momentum": 0.9},
                }
            ),
        ),
    ),
)

_COPY = {
    "data": {"kind": "copy", "length": 2, "symbols": 4, "delay": 10, "samples": 2500},
    "model": {"kind": "recurrent", "cell": "gru", "hidden": 24},
    "optimizer": {"kind": "adam", "lr": 0.02},
    "clipping": {"kind": "norm", "max_norm": 1.0},
    "training": {"epochs": 10, "batch_size": 32},
}

TRUNCATION_PART = Part(
    TRUNCATION,
    "recurrent_truncation",
    "Truncated backpropagation through time cuts the gradient every k steps, counted from the last (Williams & Peng 1990); the states "
    "themselves run on. What lies further back is not credited for what comes of it. **What to look at:** the copy task (two of four "
    "symbols, to be told 12 steps later) has a loss of **ln 4** without a memory. Cut well below the lag of 12, the network has to live on "
    "what its state happens to keep. The adding problem is another matter: the rule for a marked number is the same at every step, so what "
    "the last steps teach also serves the first ones.",
    "Two symbols to remember, and a gradient that does not reach them",
    "A GRU is trained with the gradient cut every 12, 8 or 4 steps, or never. You will see what that costs, and what it saves.",
    (
        Start("copy task, GRU", "Two symbols of four, told 12 steps later.", _load(_COPY, vary={"model.truncation": [None, 12, 8, 4]})),
        Start(
            "copy task, cells",
            "All three cells with the gradient never cut, and every 4 steps.",
            _load(_COPY | {"optimizer": {"kind": "adam", "lr": 0.01}}, vary={**CELLS, "model.truncation": [None, 4]}),
        ),
        Start(
            "adding problem, GRU",
            "T = 30, cut every 25, 10, 5 steps or never.",
            _load(_adding(30, 2500, 10, cell="gru"), vary={"model.truncation": [None, 25, 10, 5]}),
        ),
    ),
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
        return Baseline(1 / 6 if data.scale == "none" else 1.0, "always saying the mean")
    if isinstance(data, Copy):
        return Baseline(math.log(data.symbols), "guessing")
    return None
