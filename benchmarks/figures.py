"""A published number beside ours, and whether both are equal: the rule is fixed here, before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

from core.analysis.statistics import mean_interval, t_quantile


@dataclass(frozen=True)
class Figure:
    """A quantity of one network, measured by others and by us.

    theirs: as published, with this number of `digits` after the point. ours: one value for each seed, or a single one if nothing is random.
    """

    what: str
    theirs: float
    digits: int
    source: str
    ours: Sequence[float]

    @property
    def hit(self) -> bool:
        """Returns whether both values agree, up to the rounding of the published one (half a unit of its last digit).

        A single value of ours must be the same. With several seeds, the published value, which is a single run, must lie where 95 % of
        single runs would be: mean +- t s sqrt(1 + 1/n), the prediction interval of one more run.
        """
        return abs(mean(self.ours) - self.theirs) <= self._room + 0.5 * 10**-self.digits

    @property
    def _room(self) -> float:
        n = len(self.ours)
        return 0.0 if n == 1 else float(t_quantile(n - 1)) * stdev(self.ours) * sqrt(1 + 1 / n)

    def row(self) -> tuple[str, ...]:
        """Returns its row of the table, under HEAD."""
        centre, low, high = mean_interval(self.ours)
        several = len(self.ours) > 1
        spread = f" ({self._text(low)} to {self._text(high)})" if several else ""
        one_run = f"{self._text(centre - self._room)} to {self._text(centre + self._room)}" if several else ""
        verdict = "hit" if self.hit else "**miss**"
        return (
            self.what,
            f"{self.theirs:.{self.digits}f}",
            self._text(centre) + spread,
            str(len(self.ours)),
            one_run,
            verdict,
            self.source,
        )

    def _text(self, value: float) -> str:
        return f"{value:.{max(1, self.digits)}f}"


HEAD = ("what", "theirs", "ours: mean (its 95 % interval)", "n", "ours: 95 % of runs", "verdict", "source of theirs")


def markdown(figures: Iterable[Figure]) -> str:
    """Returns one row for each figure, including misses."""
    rows = [HEAD, ("---",) * len(HEAD), *(figure.row() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
