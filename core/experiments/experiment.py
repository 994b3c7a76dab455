"""The definition of an experiment: the comparison that a page, home or a link shows, what to look at, and its claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Lab, key_of

SEEDS = 8
"""Number of seeds for claims; pages train fewer to be quick, but the interval of three seeds is too wide to decide much."""

RUNS = "runs"
"""Name of the results in the evidence for the claims of an experiment."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A comparison, or a lab, with what to look at and its claims.

    page: the beginning of the keys of its page's form. title: the text of its link. look: what is compared, what to look at, and the
        result. Every fact in it is a claim.
    subject: the comparison in the page's form, or the lab. trained: the comparison that the page trains, if it has more than the form:
        with references for the variants, or with rates that grow with the batch.
    view: further values of widgets. doubt: the likely reason why a claim fails or is unclear.
    seeds: least number of seeds for its claims: more if the interval of eight seeds is as wide as the effect.
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
        """The comparison in the form. Raises TypeError for a lab."""
        if not isinstance(self.subject, Comparison):
            raise TypeError(f"{self.id} is a lab")
        return self.subject

    @property
    def lab(self) -> Lab:
        """The lab. Raises TypeError for a comparison."""
        if not isinstance(self.subject, Lab):
            raise TypeError(f"{self.id} is a comparison")
        return self.subject

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The comparison for its claims, by the name of its evidence; it has more seeds and contains the page's own runs."""
        if not isinstance(self.subject, Comparison):
            return {}
        compared = self.trained or self.subject
        seeds = max(self.seeds, len(compared.seed_list))
        return {RUNS: Comparison(base=compared.base, vary=compared.vary, variants=compared.variants, seeds=seeds)}

    @property
    def labs(self) -> dict[str, Lab]:
        """The lab for its claims, by the same name."""
        return {RUNS: self.subject} if isinstance(self.subject, Lab) else {}

    @property
    def key(self) -> str:
        """The key of its verdict."""
        return key_of(self.comparisons.values(), self.labs.values(), self.claims)
