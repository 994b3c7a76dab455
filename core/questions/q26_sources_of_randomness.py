"""Question 26: the sources of randomness, one at a time, and what the randomness is good for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pandas import Series

from core.analysis import intervals
from core.analysis.claim_measures import different_values
from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab
from core.experiments.claims.reading import by_seed, estimated, last, of, percent
from core.labs.optimization import double_well
from core.questions.question import Option, Question, Turn

SEEDS = 30
HELD = 7
SOURCES = {"init_seed": "initial weights", "order_seed": "order of the data", "dropout_seed": "dropout", "noise_seed": "noise on the input"}
NONE, SPLIT = "all held", "split of the data"
MODEL = {"kind": "mlp", "hidden": [32], "dropout": 0.2}
BASE: dict[str, Any] = {
    "model": MODEL,
    "optimizer": {"kind": "adam", "lr": 0.003},
    "training": {"epochs": 10, "batch_size": 32, "input_noise": 0.3},
}


def held(but: str = "") -> dict[str, int]:
    """The seeds of all sources at one number, but for one source."""
    return {f"training.{source}": HELD for source in SOURCES if source != but}


def compared(**changes: Any) -> Comparison:
    """All sources held, and each in turn left to the run's seed."""
    variants: list[dict[str, Any]] = [{"name": NONE, **held()}]
    variants += [{"name": name, **held(source)} for source, name in SOURCES.items()]
    return Comparison.load({"base": {**BASE, **changes}, "variants": variants, "seeds": SEEDS})


def splits() -> Comparison:
    """All sources held, and another split in each variant."""
    variants = [{"name": str(split), "data.split_seed": split, **held()} for split in range(SEEDS)]
    return Comparison.load({"base": BASE, "variants": variants, "seeds": 1})


def ends(evidence: Evidence, source: str) -> Series:
    """The final validation loss where this source varied, indexed by seed, or by the split's seed."""
    if source == SPLIT:
        return last(evidence, "splits", "val_loss").droplevel("seed")
    return of(last(evidence, "sources", "val_loss"), source)


def different(*sources: str) -> Callable[[Evidence], Series]:
    """How many different numbers the seeds end at, to the last bit, by source."""
    return lambda evidence: Series({source: different_values(ends(evidence, source)) for source in sources}, dtype=float)


def crossed(batch: str) -> Callable[[Evidence], Series]:
    """Whether each descent with this batch size ends in the deep well, indexed by seed."""
    return lambda evidence: by_seed(evidence, "well", "left", batch=batch).astype(float)


def headline(evidence: Evidence) -> str:
    """The spread from two sources, and the share of descents that cross over."""
    split, noise = (intervals.spread(ends(evidence, source)).value for source in (SPLIT, SOURCES["noise_seed"]))
    small, full = (percent(float(crossed(batch)(evidence).mean())) for batch in ("4", "full"))
    return (
        f"The final loss varies by {split:.3f} (standard deviation) where only the split does, by {noise:.3f} where only input noise does. "
        f"On a loss with two wells, {small} of descents with batches of 4 reach the deeper one, with the whole set {full}."
    )


def picture(evidence: Evidence) -> Picture:
    """The spread from each source."""
    sources = [NONE, *reversed(SOURCES.values()), SPLIT]
    rows = [(source, "spread", intervals.spread(ends(evidence, source))) for source in sources]
    title = "final validation loss: standard deviation"
    return answers.cases(estimated(rows), cases=sources, kinds=["spread"], title=title, zero="same bits")


QUESTION = Question(
    id="26",
    text="Where does randomness come from in training, and why is it wanted?",
    terms=("random seed", "stochasticity", "variance", "reproducibility", "double well", "local minimum"),
    topic="optimization",
    premise="A network is trained 30 times with the same settings and the same random numbers: every run ends at the same loss. Then one "
    "source of randomness is set free and the others stay fixed, and it is trained another 30 times. The sources are the initial weights, "
    "the order of the data, what dropout leaves out, the noise on the input, and the split into training and validation data.",
    ask="Which source, set free alone, leaves the final loss as it was?",
    options=(
        Option("The order of the data", "Early batches decide where the later ones find the weights, and the run stops before it settles.",
               belief="All examples are seen in every epoch anyway.", marks=SOURCES["order_seed"]),
        Option("Dropout and noise on the input", "They average out in a sum. In a descent each step begins where the last one ended.",
               belief="They average out over thousands of draws.", marks=SOURCES["dropout_seed"]),
        Option("The initial weights", "Of these draws they move the loss among the most: the network ends in another place.",
               belief="Training replaces them.", marks=SOURCES["init_seed"]),
        Option("None: each alone moves it", "Each alone gives 30 different losses in 30 runs.", right=True,
               belief="Training carries every small difference on."),
    ),
    experiments={"sources": compared(), "splits": splits(), "well": Lab(double_well.ends, {"seeds": 200, "batches": ["full", 4, 1]})},
    claims=(
        Claim("different final losses of 30 seeds with all sources held", "exact", Below(1.0), different(NONE)),
        Claim("different final losses of 30 seeds with one source left free", "exact", Above(30.0), different(*SOURCES.values(), SPLIT)),
        Claim("spread of the final loss, split divided by input noise", "spread_ratio", Above(2.0),
              lambda evidence: (ends(evidence, SPLIT), ends(evidence, SOURCES["noise_seed"]))),
        Claim("descents with batches of 4 that end in the deeper well", "share", Above(0.6), crossed("4")),
        Claim("descents with the whole set that do", "count", Below(0.0), crossed("full")),
        Claim("share of descents that do, batches of 4 minus batches of 1", "share_difference", Above(0.05),
              lambda evidence: (crossed("4")(evidence), crossed("1")(evidence))),
    ),
    headline=headline,
    picture=picture,
    formula=r"w \leftarrow w - \eta\,\big(\nabla L(w) + \xi\big), \qquad \mathbb{E}\,\xi = 0, \quad \operatorname{sd}(\xi) \propto "
    r"\tfrac{1}{\sqrt{B}}",
    answer=(
        "Chance decides the initial weights, the order of the data and so each batch, which units dropout leaves out, noise on the input, "
        "and before all that the split. With all of them held two runs agree to the last bit on the same machine. Each alone moves the "
        "result, so one run is one draw, and a difference between two settings needs several seeds. The randomness is wanted: different "
        "initial weights break the symmetry between units, dropout and input noise regularise, and the noise of small batches carries the "
        "descent over ridges that the exact gradient cannot cross: on a loss with two wells it mostly ends in the deeper one, the exact "
        "gradient in the one where it began. In the formula w are the weights, L is the loss and ξ that noise, zero on average (E) and "
        "smaller for larger batches of B examples, and η is the learning rate. The noise has to fall towards the end, by a lower rate, so "
        "that the weights come to rest. More of it is not always better: batches of one leave the deeper well again."
    ),
    turns=(
        Turn("More dropout", "Which source moves the result most now?", compared(model={**MODEL, "dropout": 0.5})),
        Turn("SGD instead of Adam", "Do the sources keep their order?", compared(optimizer={"kind": "sgd", "lr": 0.1})),
    ),
    sources=("Bouthillier et al. 2021, arXiv:2103.03098", "Kleinberg, Li & Yuan 2018, arXiv:1802.06175"),
)  # fmt: skip
