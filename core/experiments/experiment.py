"""What an experiment is: what a page, home or a link starts with, what to look at, and what was claimed of it before it was run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Lab, key_of

SEEDS = 8
"""Seeds that claims are measured over, where the page trains fewer to be quick: an interval of three seeds is too wide to decide much."""

RUNS = "runs"
"""The name of what was measured, in the evidence that the claims of an experiment are judged by."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A comparison, or a lab, with what to look at and what must come out of it.

    page: what the keys of its page's form begin with. title: the words of its link. look: what is compared, what to look at, and what
        came out. What it states as a fact is a claim.
    subject: what the page's form then says, or the lab. trained: what the page trains, where that is more than its form says: with the
        references that variants are held against, or with rates that grow with the batch.
    view: what else the page opens with, a value by widget. doubt: why a claim is likely to fail or to stay unclear.
    seeds: over how many its claims are measured at least: more where eight leave an interval as wide as the effect.
    """

    page: str
    title: str
    look: str
    subject: Comparison | Lab
    claims: tuple[Claim, ...] = ()
    trained: Comparison | None = None
    view: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""
    seeds: int = SEEDS

    @property
    def id(self) -> str:
        """`learning_rate: Warmup`."""
        return f"{self.page}: {self.title}"

    @property
    def comparison(self) -> Comparison:
        """What the form says. Raises TypeError for a lab."""
        if not isinstance(self.subject, Comparison):
            raise TypeError(f"{self.id} is a lab")
        return self.subject

    @property
    def lab(self) -> Lab:
        """What is computed. Raises TypeError for a comparison."""
        if not isinstance(self.subject, Lab):
            raise TypeError(f"{self.id} is a comparison")
        return self.subject

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """What is trained for its claims, under the name of its evidence: with more seeds, so with the page's own runs among it."""
        if not isinstance(self.subject, Comparison):
            return {}
        compared = self.trained or self.subject
        seeds = max(self.seeds, len(compared.seed_list))
        return {RUNS: Comparison(base=compared.base, vary=compared.vary, variants=compared.variants, seeds=seeds)}

    @property
    def labs(self) -> dict[str, Lab]:
        """What is computed for them, under the same name."""
        return {RUNS: self.subject} if isinstance(self.subject, Lab) else {}

    @property
    def key(self) -> str:
        """What its verdict depends on."""
        return key_of(self.comparisons.values(), self.labs.values(), self.claims)
