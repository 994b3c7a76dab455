"""Every page, on an empty and on a filled store, and with a URL that makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ui.form import links
from tests.pages.conftest import ROOT, TITLES, small

NONSENSE = ["<script>alert(1)</script>", "nan", "-1", "1e999", "", "9" * 40, "../../etc/passwd", "'; DROP TABLE runs; --", "🙂" * 50]
FORM = "data model optimizer optimizer.adam.lr training.epochs seeds mode variants vary1 open"
WIDGETS = {
    "pages/compare.py": f"metric at x show weights weights_seed layer sparsity tab boundary_seed {FORM}",
    "pages/mistakes.py": f"round look log_y reveal guess.1.A guess.1.K mistake {FORM}",
    "pages/runs.py": "search state page questions",
    "pages/distributed.py": "rules workers spread straggler dies lr scaled backups target seconds open",
    "pages/data_recovery.py": "tab pictures activation hidden optimizer weight_decay dtype seed batch iterations activations units tries "
    "data samples epochs decay dropout open",
    "pages/learning_rate.py": "part metric at fair same log_y epochs_drawn warmup_drawn optimizer optimizer.lr "
    "training.epochs seeds vary1 vary2 open",
    "pages/normalization.py": "part rule reference from to metric at log_y kind layer groups numbers modes_size modes_weights warm_up "
    "depth deep_size deep_epochs deep.measure optimizer training.batch_size seeds vary1 vary2 open",
    "pages/recurrent.py": f"tab metric at x show lag.networks lag.radius lag.forget_bias lag.inputs model.recurrent.cell {FORM}",
    "pages/batch_size.py": "part metric at same log_y reference draws drawn optimizer training.batch_size seeds vary1 open",
    "pages/gradient_flow.py": "tab metric at x show after layers heat lines gradient_of deepest depth_seeds depth.activation depth.init "
    f"depth.normalization depth.skip depth.at x_at graphs functions {FORM}",
}


def test_every_page_is_in_the_table_of_pages():
    assert {str(file.relative_to(ROOT)) for file in Path(ROOT / "pages").glob("*.py")} == set(TITLES)


@pytest.mark.parametrize("path", TITLES)
def test_a_page_opens_on_an_empty_store(open_page, store, path):
    open_page(path)


@pytest.mark.parametrize("path", TITLES)
def test_a_page_opens_on_a_filled_store(open_page, filled, path):
    open_page(path)


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize("path", TITLES)
def test_nonsense_in_the_url_breaks_nothing(open_page, filled, path, value):
    """A form may refuse what it is given, in words; nothing else may go wrong."""
    app = open_page(path, {f"{Path(path).stem}.{name}": value for name in WIDGETS.get(path, FORM).split()}, errors=True)
    assert not app.exception
    assert not [shown for shown in app.error if shown.value.endswith("nothing that was stored is lost.")], [e.value for e in app.error]


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_in_the_view_leaves_the_view_as_it_begins(open_page, filled, value):
    view = "metric at x weights weights_seed layer sparsity tab boundary_seed".split()
    view += ["show"] if value else []  # nothing chosen there is a choice
    app = open_page(links.COMPARE, links.query_for("compare", small()) | {f"compare.{name}": value for name in view})
    plain = open_page(links.COMPARE, links.query_for("compare", small()))
    assert [chart.proto.spec for chart in app.get("vega_lite_chart")] == [chart.proto.spec for chart in plain.get("vega_lite_chart")]
    assert app.dataframe[0].value.drop(columns="curve").equals(plain.dataframe[0].value.drop(columns="curve"))
