"""The home page's third door: a table of one's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss, root_mean_squared_error
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.data.sets.fetched import Table
from core.data.tables import keep_table, tables_folder
from core.ui.form import links, tables
from core.ui.pages.home import door
from tests.ui.test_home import ROOT, dashboard

CLASSES = "x,z,kind\n" + "\n".join(f"{n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)) + "\n"
NUMBERS = "x,z,price\n" + "\n".join(f"{n % 11},{n % 7},{n * 1.5 + 0.25}" for n in range(60)) + "\n"


def kept(text: str) -> str:
    return keep_table(text.encode(), tables_folder(), "mine.csv")


def home_with(sha256: str, target: str = "") -> AppTest:
    script = AppTest.from_file(ROOT / "dashboard.py", default_timeout=60)
    script.query_params[f"{door.KEY}.sha256"] = sha256
    if target:
        script.query_params[f"{door.KEY}.target"] = target
    return script.run()


def test_before_a_table_it_is_a_door_and_no_more():
    script = dashboard()
    assert not script.exception
    assert any("Bring a table" in box.label for box in script.expander)
    assert not [button for button in script.button if button.key == f"{door.KEY}.go"]


@pytest.mark.parametrize(("text", "target"), [(CLASSES, "kind"), (NUMBERS, "price")], ids=["classes", "numbers"])
def test_one_button_opens_the_workbench_on_the_table(text: str, target: str):
    script = home_with(kept(text), target)
    assert not script.exception
    assert not script.error, [shown.value for shown in script.error]
    assert any("Without any feature" in shown.value for shown in script.markdown)
    script.button(key=f"{door.KEY}.go").click().run()
    assert not script.exception
    assert [title.value for title in script.title] == ["Compare"]


def test_nothing_can_be_compared_before_a_target_is_chosen():
    script = home_with(kept(CLASSES))
    assert not script.exception
    assert any("choose the column to predict" in shown.value for shown in script.info)
    assert not [button for button in script.button if button.key == f"{door.KEY}.go"]


@pytest.mark.parametrize(("text", "target"), [(CLASSES, "kind"), (NUMBERS, "price")], ids=["classes", "numbers"])
def test_the_link_leads_to_the_same_comparison(text: str, target: str):
    comparison = door.comparison_on(Table(sha256=kept(text), target=target))
    query = links.query_for("compare", comparison)
    assert query["compare.open"] == comparison.id
    assert Comparison.from_json(comparison.to_json()).id == comparison.id
    assert len(comparison.names) == len(door.VARIANTS)


def test_guessing_is_what_scikit_learns_dummies_reach():
    reading = tables.reading_of(Table(sha256=kept(CLASSES), target="kind"))
    y = np.repeat([name for name, _ in reading.classes], [count for _, count in reading.classes])
    x = np.zeros((len(y), 1))
    prior = DummyClassifier(strategy="prior").fit(x, y)
    said = door.guessing(reading)
    assert f"{prior.score(x, y):.1%}" in said
    assert f"{log_loss(y, prior.predict_proba(x)):.3g} nats" in said


def test_guessing_a_number_is_off_by_its_spread():
    reading = tables.reading_of(Table(sha256=kept(NUMBERS), target="price"))
    y = np.array([n * 1.5 + 0.25 for n in range(60)])
    mean = DummyRegressor().fit(np.zeros((60, 1)), y)
    off = root_mean_squared_error(y, mean.predict(np.zeros((60, 1))))
    assert math.isclose(reading.spread.std, off, rel_tol=0.02)
    assert f"{reading.spread.std:.4g}" in door.guessing(reading)
