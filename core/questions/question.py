"""What a question is: what to expect, the experiments, the claims on them, and the answer. The files beside this one declare them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence, Lab, key_of

if TYPE_CHECKING:
    from core.charts.parts.specs import Picture

Topic = Literal["first steps", "architecture", "optimization", "regularization", "compression", "data"]
LETTERS = "ABCD"
"""Of the options."""

_CUTS = re.compile(r"(\\begin\{\w+\}|\\end\{\w+\}|\\qq?uad(?![a-z])|\\\\)")
"""Where a formula may end: a wide space and a new line, but not within an environment such as `cases`."""

TOPICS: tuple[Topic, ...] = ("first steps", "architecture", "optimization", "regularization", "compression", "data")


_source = cache(inspect.getsource)


@dataclass(frozen=True)
class Option:
    """Something that one may expect. `why`: of the right one, why it is so; of the others, why that belief is wrong.

    belief: what speaks for it, read before the guess. marks: the row or line of the picture that it
    speaks of, which is marked as what was expected; empty where it speaks of none.
    """

    text: str
    why: str
    right: bool = False
    belief: str = ""
    marks: str = ""


@dataclass(frozen=True)
class Figure:
    """A further picture, below the first: `said` is what it shows, in a line, and `draw` makes it of what was measured."""

    said: str
    draw: Callable[[Evidence], Picture]


@dataclass(frozen=True)
class Turn:
    """A change that turns the answer: `change` in two to five words, `look` is what to look for, `experiment` shows it."""

    change: str
    look: str
    experiment: Comparison


@dataclass(frozen=True)
class Question:
    """One question. `premise` is what is seen before the guess; `usual` is what is usually said, where that is not what is so.

    terms: of the field that it is about, by which it is found beside its own words.
    answer: three to eight plain sentences, in Markdown. formula: in LaTeX, or empty. headline: the finding in one sentence, with numbers
    that people feel, computed from what was measured. picture: drawn from it. figures: further ones, where one does not show all of it.
    doubt: why a claim is likely to fail or to stay unclear. tried: what was measured first, where the settings were chosen anew after it.
    page: of the dashboard, where its subject can be played with; needed where no experiment opens in the workbench.
    code: Python that is shown with the answer, the source of what was run; empty for most.
    """

    id: str
    text: str
    terms: tuple[str, ...]
    topic: Topic
    premise: str
    ask: str
    options: tuple[Option, ...]
    experiments: Mapping[str, Comparison | Lab]
    claims: tuple[Claim, ...]
    headline: Callable[[Evidence], str]
    picture: Callable[[Evidence], Picture]
    answer: str
    figures: tuple[Figure, ...] = ()
    formula: str = ""
    code: str = ""
    page: str = ""
    usual: str = ""
    turns: tuple[Turn, ...] = ()
    sources: tuple[str, ...] = ()
    doubt: str = ""
    tried: str = ""

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
    def letter(self) -> str:
        """Its letter."""
        return LETTERS[self.options.index(self.right)]

    @property
    def formulas(self) -> tuple[str, ...]:
        """The formula as several, in LaTeX, each for a line of its own."""
        lines, depth = [""], 0
        for part in _CUTS.split(self.formula):
            if part in (r"\begin{gathered}", r"\end{gathered}"):
                continue
            depth += part.startswith(r"\begin") - part.startswith(r"\end")
            if depth == 0 and part in (r"\qquad", r"\quad", r"\\"):
                lines.append("")
            else:
                lines[-1] += part
        return tuple(line.strip(" ,") for line in lines if line.strip(" ,"))

    @property
    def key(self) -> str:
        """What its verdict depends on: a hash (16 hex digits) of its experiments and claims, and of the headline's code."""
        return key_of(self.comparisons.values(), self.labs.values(), self.claims, _source(self.headline))

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """Those of its experiments that are comparisons."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Comparison)}

    @property
    def labs(self) -> dict[str, Lab]:
        """Those that are labs."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Lab)}
