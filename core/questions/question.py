"""What a question is: what to expect, the experiments, the claims on them, and the answer. The files beside this one declare them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pandas import DataFrame, Series

from core.analysis.claims import Claimed, Judgement, Kind, judge
from core.comparison import Comparison

if TYPE_CHECKING:
    from core.charts.parts.specs import Picture

Topic = Literal["first steps", "architecture", "optimization", "regularization", "compression", "data"]
TOPICS: tuple[Topic, ...] = ("first steps", "architecture", "optimization", "regularization", "compression", "data")

LABS_VERSION = 1
"""Raised when a lab computes other numbers: what was stored of it is then computed anew."""


@dataclass(frozen=True)
class Lab:
    """An experiment that is no training run: a function of `core.labs` that gives a frame, and its arguments."""

    function: Callable[..., DataFrame]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Where the function stands: `core.labs.optimization.double_well.ends`."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    @property
    def key(self) -> str:
        """Its identity: a hash (16 hex digits) of function, arguments and version."""
        text = json.dumps([self.name, dict(self.arguments), LABS_VERSION], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def compute(self) -> DataFrame:
        """What the function gives."""
        return self.function(**self.arguments)


Experiment = Comparison | Lab


@dataclass(frozen=True, eq=False)
class Measured:
    """What is stored of one experiment. Of a comparison: history, layers and runs, as the store gives them; of a lab: `frame`."""

    history: DataFrame = field(default_factory=DataFrame)
    layers: DataFrame = field(default_factory=DataFrame)
    runs: DataFrame = field(default_factory=DataFrame)
    frame: DataFrame = field(default_factory=DataFrame)


Evidence = Mapping[str, Measured]
"""What was measured, by the names of the experiments."""

Numbers = Series | tuple[Series, Series]
"""A number for each seed, indexed by seed; two of them for claims that compare two sides."""


@dataclass(frozen=True)
class Spot:
    """A place in a question's picture: along its x axis, and up its y axis or the name of its row.

    of: what the guess is of, where more than one line or dot is near. since: where a dotted line to the place begins.
    """

    x: float
    y: float | str
    of: str = ""
    since: tuple[float, float] | None = None


@dataclass(frozen=True)
class Option:
    """Something that one may expect. `why`: of the right one, why it is so; of the others, why that belief is wrong.

    belief: what speaks for it, read before the guess. expects: where the picture would have it; None for what the picture cannot show.
    """

    text: str
    why: str
    right: bool = False
    belief: str = ""
    expects: Callable[[Evidence], Spot] | None = None


@dataclass(frozen=True)
class Claim:
    """What must come out, said before it was run.

    words: what the effect is, as a sentence begins. numbers: takes the number of each seed from what was measured.
    """

    words: str
    kind: Kind
    claimed: Claimed
    numbers: Callable[[Evidence], Numbers]

    def judge(self, evidence: Evidence) -> Judgement:
        """Whether it holds, fails, or is unclear."""
        found = self.numbers(evidence)
        first, second = found if isinstance(found, tuple) else (found, None)
        return judge(self.kind, self.claimed, first, second, self.words)


@dataclass(frozen=True)
class Turn:
    """A change that turns the answer: `change` in two to five words, `look` is what to look for, `experiment` shows it."""

    change: str
    look: str
    experiment: Comparison


@dataclass(frozen=True)
class Question:
    """One question. `premise` is what is seen before the guess; `usual` is what is usually said, where that is not what is so.

    answer: three to eight plain sentences, in Markdown. formula: in LaTeX, or empty. headline: the finding in one sentence, with numbers
    that people feel, computed from what was measured. picture: drawn from it. doubt: why a claim is likely to fail or to stay unclear.
    page: of the dashboard, where its subject can be played with; needed where no experiment opens in the workbench.
    code: Python that is shown with the answer, the source of what was run; empty for most.
    """

    id: str
    text: str
    topic: Topic
    premise: str
    ask: str
    options: tuple[Option, ...]
    experiments: Mapping[str, Experiment]
    claims: tuple[Claim, ...]
    headline: Callable[[Evidence], str]
    picture: Callable[[Evidence], Picture]
    answer: str
    formula: str = ""
    code: str = ""
    page: str = ""
    usual: str = ""
    turns: tuple[Turn, ...] = ()
    sources: tuple[str, ...] = ()
    doubt: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a declaration that does not hold to the form."""
        if not 2 <= len(self.options) <= 4 or sum(option.right for option in self.options) != 1:
            raise ValueError(f"question {self.id}: two to four options, one of them right")
        if self.topic not in TOPICS or not self.claims or not self.experiments:
            raise ValueError(f"question {self.id}: a known topic, and an experiment and a claim at least")

    @property
    def right(self) -> Option:
        """The option that is right."""
        return next(option for option in self.options if option.right)

    @property
    def key(self) -> str:
        """What its verdict depends on: a hash (16 hex digits) of its experiments and claims."""
        parts = [comparison.id for comparison in self.comparisons.values()] + [lab.key for lab in self.labs.values()]
        parts += [repr((claim.words, claim.kind, claim.claimed)) for claim in self.claims]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """Those of its experiments that are comparisons."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Comparison)}

    @property
    def labs(self) -> dict[str, Lab]:
        """Those that are labs."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Lab)}
