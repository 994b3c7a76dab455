"""Links by chance: every page, with what its widgets may hold, what they may not, and what no widget has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.settings import SettingsError
from core.ui.form.links import Query, query_for
from core.ui.shell import PAGES
from tests.fuzz.settings import comparison

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60
ODD = (
    *(
        "<script>alert(1)</script>",
        "nan",
        "inf",
        "-1",
        "1e999",
        "",
        " ",
        "9" * 5000,
        "../../etc/passwd",
        "'; DROP TABLE runs; --",
        "🙂" * 50,
    ),
    *("true", "none", "0", "0.1", "3", "64-64", "adam", "sgd lr=0.1", "sgd lr=", "mlp hidden=(", "((((", '"', "\\", "a=b=c", "[1, 2", "{}"),
    *("\r\n", "\x00", "\u202e", "a: optimizer.lr=0.1\nb: model.hidden=64-64", "[" * 3000, "x" * 20_000, "1,2,3", "0, 3, 4,", "training"),
)
UNKNOWN = ("open", "x.y", "", "optimizer.sgd.lr", "vary1.optimizer", "vary9", "training", "model.mlp")


def opened(path: str, query: Query) -> AppTest:
    """A page, opened cold with a query."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=TIMEOUT_S)
    app.run()
    app.switch_page(path)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@cache
def widgets(path: str) -> tuple[str, ...]:
    """The keys of the widgets that a page shows when it is opened without a query."""
    app = opened(path, {})
    keys = (getattr(node, "key", None) for part in (app.main, app.sidebar) for node in part)
    return tuple(sorted({key for key in keys if key and key.startswith(f"{Path(path).stem}.")}))


def link(rng: Random) -> tuple[str, Query]:
    """A link to some page."""
    path = rng.choice(PAGES).path
    return path, query(rng, path)


def query(rng: Random, path: str) -> Query:
    """A query for a page: a comparison's, or that of a few widgets, or both, spoilt here and there."""
    page = Path(path).stem
    asked: Query = _of_comparison(rng, page) if rng.random() < 0.5 else {}
    keys = [*widgets(path), *asked, *(f"{page}.{name}" for name in UNKNOWN)]
    for key in rng.sample(keys, min(len(keys), rng.choice((0, 1, 3, 10)))):
        asked[key] = [rng.choice(ODD), rng.choice(ODD)] if rng.random() < 0.1 else rng.choice(ODD)
    return asked


def _of_comparison(rng: Random, page: str) -> Query:
    for _ in range(20):
        try:
            return query_for(page, Comparison.load(comparison(rng)))
        except SettingsError:
            continue
    return {}
