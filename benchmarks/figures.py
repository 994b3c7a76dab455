"""A figure that somebody published beside ours, and whether ours is the same: the rule stands here, before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

from core.analysis.statistics import mean_interval, t_quantile


@dataclass(frozen=True)
class Figure:
    """What was measured on which network, by them and by us.

    theirs: as they print it, to so many `digits` after the point. ours: a value a seed, or one where nothing is left to chance.
    """

    what: str
    theirs: float
    digits: int
    source: str
    ours: Sequence[float]

    @property
    def hit(self) -> bool:
        """Whether theirs is ours, up to their rounding (half a unit of their last digit).

        One value must be the same. Of several seeds theirs, which is a single run, must lie where 95 % of single runs would:
        mean +- t s sqrt(1 + 1/n), the prediction interval of one more run.
        """
        return abs(mean(self.ours) - self.theirs) <= self._room + 0.5 * 10**-self.digits

    @property
    def _room(self) -> float:
        n = len(self.ours)
        return 0.0 if n == 1 else float(t_quantile(n - 1)) * stdev(self.ours) * sqrt(1 + 1 / n)

    def row(self) -> tuple[str, ...]:
        """Its row of the table, under HEAD."""
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
    """A row a figure, misses among them."""
    rows = [HEAD, ("---",) * len(HEAD), *(figure.row() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
