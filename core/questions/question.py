"""The definition of a question: the options, the experiments, their claims, and the answer. The files beside this one declare questions."""

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
"""Letters of the options."""

_CUTS = re.compile(r"(\\begin\{\w+\}|\\end\{\w+\}|\\qq?uad(?![a-z])|\\\\)")
"""The separator of two formulas: a wide space and a new line, but not within an environment such as `cases`."""

TOPICS: tuple[Topic, ...] = ("first steps", "architecture", "optimization", "regularization", "compression", "data")


_source = cache(inspect.getsource)


@dataclass(frozen=True)
class Option:
    """One option. `why`: for the right option, the reason; for the others, why this belief is wrong.

    belief: an argument for it, shown before the guess. marks: the row or line of the chart that belongs to the option and is marked as the
    reader's guess; may be empty.
    """

    text: str
    why: str
    right: bool = False
    belief: str = ""
    marks: str = ""


@dataclass(frozen=True)
class Figure:
    """A further chart below the first one: `said` is its caption in one line, and `draw` makes it from the measured results."""

    said: str
    draw: Callable[[Evidence], Picture]


@dataclass(frozen=True)
class Turn:
    """A variation that changes the answer: `change` in two to five words, `look` tells what to look for, `experiment` shows it."""

    change: str
    look: str
    experiment: Comparison


@dataclass(frozen=True)
class Question:
    """One question. `premise` is shown before the guess; `usual` is the usual answer, if it is not right.

    terms: terms of the field for the search, in addition to the question's own words.
    answer: three to eight plain sentences, in Markdown. formula: in LaTeX, or empty. headline: the finding in one sentence, with numbers
    that are easy to judge, computed from the results. picture: the chart of the results. figures: further charts, if one is not enough.
    doubt: the likely reason why a claim fails or is unclear. tried: the first measurement, if the settings were changed after it.
    page: the dashboard's page on this topic; needed if no experiment opens in the workbench.
    code: Python source shown with the answer; empty for most questions.
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
        """Raises ValueError for an invalid declaration."""
        if not 2 <= len(self.options) <= 4 or sum(option.right for option in self.options) != 1:
            raise ValueError(f"question {self.id}: two to four options, one of them right")
        if self.topic not in TOPICS or not self.claims or not self.experiments:
            raise ValueError(f"question {self.id}: a known topic, and an experiment and a claim at least")

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if option.right)

    @property
    def letter(self) -> str:
        """Its letter."""
        return LETTERS[self.options.index(self.right)]

    @property
    def formulas(self) -> tuple[str, ...]:
        """The formulas in LaTeX, one for each line."""
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
        """The key of its verdict: a hash (16 hex digits) of its experiments and claims, and of the headline's code."""
        return key_of(self.comparisons.values(), self.labs.values(), self.claims, _source(self.headline))

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The experiments that are comparisons."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Comparison)}

    @property
    def labs(self) -> dict[str, Lab]:
        """The experiments that are labs."""
        return {name: experiment for name, experiment in self.experiments.items() if isinstance(experiment, Lab)}
