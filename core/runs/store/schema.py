"""The store's tables.

The metrics' columns come from `core.engine.records`: a new measure is a new column there, which `core.runs.store.database` adds to
existing stores. Every row that readers follow has `written`, the number of the transaction that wrote it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

from core.engine.records import BASELINES, HISTORY_COLUMNS, LAYER_COLUMNS, METRIC_COLUMNS, TEST_SCORES

SCHEMA_VERSION = 1
"""Raised by one when the tables change so that an older Tandem could not read them; added columns do not count."""

KEY_LENGTH, ID_LENGTH = 20, 12
WHOLE_NUMBERS = ("step", "samples")
HISTORY_VALUES = tuple(name for name in HISTORY_COLUMNS if name not in ("run", "step", "moment", "status"))
LAYER_VALUES = tuple(name for name in LAYER_COLUMNS if name not in ("run", "step", "layer", "counts"))
LAST_COLUMNS = tuple(name for name in HISTORY_VALUES if name not in ("epoch", "samples", "seconds"))
END_COLUMNS = (*TEST_SCORES, *BASELINES, "target_std")

metadata = MetaData()


def _number(name: str) -> Column[float] | Column[int]:
    return Column(name, BigInteger) if name in WHOLE_NUMBERS else Column(name, Double)


def _run(*, primary_key: bool = True) -> Column[int]:
    return Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


def _comparison(*, primary_key: bool) -> Column[str]:
    return Column("comparison_id", ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


meta = Table("meta", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(KEY_LENGTH), unique=True, nullable=False),
    Column("settings", Text, nullable=False),
    Column("engine_version", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("epochs", Integer, nullable=False),  # requested
    Column("epoch", Double, nullable=False, default=0.0),  # completed
    Column("step", BigInteger, nullable=False, default=0),
    Column("samples", BigInteger, nullable=False, default=0),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("worker_seconds", Double, nullable=False, default=0.0),  # its share of its segments' wall time: training and evaluations
    *(Column(f"last_{name}", Double) for name in LAST_COLUMNS),
    *(Column(f"best_{name}", Double) for name in METRIC_COLUMNS),
    *(Column(name, Double) for name in END_COLUMNS),
    Column("parameters", BigInteger),
    Column("nonzero", BigInteger),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, default=0),  # raised when rows that were read before are deleted
    sqlite_autoincrement=True,
)

weights = Table("weights", metadata, _run(), Column("data", LargeBinary, nullable=False))

predictions = Table("predictions", metadata, _run(), Column("data", LargeBinary, nullable=False))


def _evaluations(name: str) -> Table:
    """One row for each run and evaluation."""
    return Table(
        name,
        metadata,
        _run(),
        Column("step", BigInteger, primary_key=True),
        Column("written", BigInteger, nullable=False),
        *(_number(name) for name in HISTORY_VALUES),
        Column("status", String(10), nullable=False),
        sqlite_with_rowid=False,
    )


history = _evaluations("history")
before_rewind = _evaluations("before_rewind")  # the network right before pruning rewound it: at most one row for each event

layers = Table(
    "layers",
    metadata,
    _run(),
    Column("step", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),  # position of the layer, counted from the input
    Column("written", BigInteger, nullable=False),
    Column("layer", String(40), nullable=False),
    *(_number(name) for name in LAYER_VALUES),
    Column("counts", LargeBinary),
    sqlite_with_rowid=False,
)

grids = Table("grids", metadata, _run(), Column("step", BigInteger, nullable=False), Column("grid", LargeBinary, nullable=False))

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("name", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("spec", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("stepping", Boolean, nullable=False, default=False),  # paused after one more epoch
    Column("created", Double, nullable=False),
    Column("finished", Double),
    Column("message", Text, nullable=False, default=""),
    Column("written", BigInteger, nullable=False),
)

comparison_runs = Table(
    "comparison_runs",
    metadata,
    _comparison(primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("variant", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    _run(primary_key=False),
    Index("comparison_runs_run", "run_id"),
    sqlite_with_rowid=False,
)

stacks = Table(
    "stacks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False, default=0),
    Column("epochs", Integer, nullable=False),  # of the longest run
    Column("pace", Double),  # seconds per epoch in the latest segment
    Column("state", LargeBinary),  # NULL: not begun
    sqlite_autoincrement=True,  # an id is never used again, so that a late result cannot get into another stack
)

stack_runs = Table(
    "stack_runs",
    metadata,
    Column("stack_id", ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, unique=True),  # a run is in at most one stack
    sqlite_with_rowid=False,
)

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    _comparison(primary_key=False),
    Column("action", String(10), nullable=False),
    Column("created", Double, nullable=False),
    sqlite_autoincrement=True,
)

labs = Table(
    "labs",
    metadata,
    Column("key", String(KEY_LENGTH), primary_key=True),  # from the function and its arguments, see `core.experiments.claims.claim.Lab`
    Column("name", Text, nullable=False),  # the function's full name
    Column("arguments", Text, nullable=False),  # JSON
    Column("state", String(10), nullable=False),
    Column("asked", Double, nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("frame", LargeBinary),  # Parquet, once it is finished
    Column("seconds", Double, nullable=False, default=0.0),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("question", String(8), primary_key=True),
    Column("key", String(KEY_LENGTH), nullable=False),  # of what was measured and claimed
    Column("row", Text, nullable=False),  # JSON
)

guesses = Table(
    "guesses",
    metadata,
    Column("question", String(8), primary_key=True),
    Column("option", Integer, nullable=False),  # counted from 0; -1: shown without a guess
    Column("at", Double, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("owner", String(40), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Double, nullable=False),  # of the process, so that it is not confused with a later process of the same pid
    Column("workers", Integer, nullable=False),
    Column("expires", Double, nullable=False),
    Column("trouble", Text),  # the runner's message about its workers
)

Index("history_written", history.c.run_id, history.c.written)
Index("before_rewind_written", before_rewind.c.run_id, before_rewind.c.written)
Index("layers_written", layers.c.run_id, layers.c.written)
