"""Claims about the result of an experiment, made before it was run, and the numbers that decide them."""

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
"""Raise it when a lab computes other numbers, so that its stored results are computed again."""


WORDING = 2
"""Raise it when the sentence of a claim is worded differently, so that stored verdicts are made again."""


@dataclass(frozen=True)
class Lab:
    """An experiment without training runs: a function of `core.labs` that returns a frame, and its arguments."""

    function: Callable[..., DataFrame]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path of the function: `core.labs.optimization.double_well.ends`."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    @property
    def key(self) -> str:
        """Its identity: a hash (16 hex digits) of function, arguments and version."""
        text = json.dumps([self.name, dict(self.arguments), LABS_VERSION], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def compute(self) -> DataFrame:
        """The result of the function."""
        return self.function(**self.arguments)


@dataclass(frozen=True, eq=False)
class Measured:
    """The stored results of one experiment: for a comparison history, layers and runs, as the store returns them; for a lab `frame`."""

    history: DataFrame = field(default_factory=DataFrame)
    layers: DataFrame = field(default_factory=DataFrame)
    runs: DataFrame = field(default_factory=DataFrame)
    frame: DataFrame = field(default_factory=DataFrame)


Evidence = Mapping[str, Measured]
"""The measured results, by the names of the experiments."""

Numbers = Series | tuple[Series, Series]
"""A number for each seed, indexed by seed; two of them for claims that compare two sides."""


@dataclass(frozen=True)
class Claim:
    """A claim about the result, made before the experiment was run.

    words: the effect, as the beginning of a sentence. numbers: returns the number of each seed from the results.
    """

    words: str
    kind: Kind
    claimed: Claimed
    numbers: Callable[[Evidence], Numbers]

    def judge(self, evidence: Evidence) -> Judgement:
        """Returns whether the claim holds, fails, or is unclear."""
        found = self.numbers(evidence)
        first, second = found if isinstance(found, tuple) else (found, None)
        return judge(self.kind, self.claimed, first, second, self.words)


def key_of(comparisons: Iterable[Comparison], labs: Iterable[Lab], claims: Iterable[Claim], code: str = "") -> str:
    """The key of a verdict: a hash (16 hex digits) of the experiments, of their claims, and of the code of the headline."""
    parts = [comparison.id for comparison in comparisons] + [lab.key for lab in labs]
    parts += [repr((claim.words, claim.kind, claim.claimed)) for claim in claims]
    parts += [str(WORDING), *([code] if code else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
