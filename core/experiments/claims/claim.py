"""What must come out of an experiment, said before it was run; and what it is judged by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pandas import DataFrame, Series

from core.analysis.claims import Claimed, Judgement, Kind, judge
from core.comparison import Comparison

LABS_VERSION = 1
"""Raised when a lab computes other numbers: what was stored of it is then computed anew."""


WORDING = 2
"""Raised when the sentence on a claim is worded otherwise: verdicts that were kept are then made anew."""


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


def key_of(comparisons: Iterable[Comparison], labs: Iterable[Lab], claims: Iterable[Claim], code: str = "") -> str:
    """What a verdict depends on: a hash (16 hex digits) of what is measured, of the claims on it, and of the code that words it."""
    parts = [comparison.id for comparison in comparisons] + [lab.key for lab in labs]
    parts += [repr((claim.words, claim.kind, claim.claimed)) for claim in claims]
    parts += [str(WORDING), *([code] if code else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
