"""The runs of a comparison, for the queries that read them."""

from __future__ import annotations

from dataclasses import dataclass

from pandas import DataFrame
from sqlalchemy import BigInteger, Connection, FromClause, Integer, String, Text, column, exists, select, values

from core.comparison import Comparison
from core.runs.store.frames import fetched
from core.runs.store.schema import KEY_LENGTH, comparison_runs, comparisons, runs


@dataclass(frozen=True)
class Members:
    """The runs of a comparison: `table` (position, variant, seed, run_id) is for joins, without the runs that the store does not know."""

    table: FromClause
    known: DataFrame | None = None

    def frame(self, connection: Connection) -> DataFrame:
        """variant, seed and run (key) of all runs, indexed by position, from 0."""
        if self.known is not None:
            return self.known
        columns = (self.table.c.position, self.table.c.variant, self.table.c.seed, runs.c.key.label("run"))
        joined = select(*columns).join(runs, runs.c.id == self.table.c.run_id)
        return fetched(connection, joined.order_by(self.table.c.position))


def members_of(connection: Connection, comparison: Comparison | str) -> Members:
    """The runs of a comparison that was requested (also by its id), or of any other one as far as they are stored."""
    comparison_id = comparison if isinstance(comparison, str) else comparison.id
    if isinstance(comparison, str) or is_known(connection, comparison_id):
        return Members(select(comparison_runs).where(comparison_runs.c.comparison_id == comparison_id).subquery("members"))
    return _listed(comparison)


def is_known(connection: Connection, comparison_id: str) -> bool:
    """Whether the comparison was requested, and not deleted since."""
    return bool(connection.scalar(select(exists().where(comparisons.c.id == comparison_id))))


def _listed(comparison: Comparison) -> Members:
    """The members by their runs' keys."""
    rows = [(place, variant, run.seed, run.key) for place, (variant, run) in enumerate(comparison.members)]
    names = (column("position", Integer), column("variant", Text), column("seed", BigInteger), column("key", String(KEY_LENGTH)))
    listed = values(*names).data(rows).cte("listed")  # SQLite accepts names for columns of values only in a WITH clause
    chosen = select(listed.c.position, listed.c.variant, listed.c.seed, runs.c.id.label("run_id"))
    frame = DataFrame(rows, columns=["position", "variant", "seed", "run"]).astype({"variant": "str", "run": "str"})
    return Members(chosen.join(runs, runs.c.key == listed.c.key).subquery("members"), frame)
