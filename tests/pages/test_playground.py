"""The page of the playground: what its chips say is what is trained, and the player is sent what is stored."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from core.data.sets.drawn import SMILE
from core.labs.networks.playground import TRAINING
from core.runs.recorded import labs as recorded
from core.settings import RunSettings
from core.ui.pages.playground import player
from core.ui.pages.playground.settings import BY_NAME, DATA, MOST, PATH, SETTINGS, START, SUGGESTIONS, Asked
from tests.pages.conftest import texts
from tests.pages.labs import compute, states

ALONE = START._replace(varied=None, epochs="50", data="xor", values=START.values | {"activation": ("tanh",), "layers": ("2",)})
TINY = "A9B8C7D6E5F4G3H2I1J0.a9b8c7d6e5f4g3h2i1j0"


@pytest.fixture(autouse=True)
def recorded_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_RECORDED")


def networks(app) -> list[pa.Table]:
    """The weights that the player was sent, a table a network."""
    component = next(element.proto for element in app.get("bidi_component") if element.proto.component_name.endswith("tandem_playground"))
    tables = [pa.ipc.open_stream(blob.data).read_all() for blob in component.mixed.arrow_blobs.values()]
    return [table for table in tables if table.column_names == ["v"]]


def test_it_opens_with_what_is_recorded_and_asks_for_nothing(open_page, store):
    app = open_page(PATH)
    assert states(store, START.labs()) == ["new"] * len(START.labs())
    assert "Recorded on" in texts(app)
    assert [table.num_rows for table in networks(app)] == [101 * (2 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2)] * MOST
    table = app.dataframe[0].value
    assert table["epoch"].max() == 100
    last = recorded.frame_of(START.variants[1].trained.key).iloc[-1]
    shown = table[(table["network"] == "tanh") & (table["epoch"] == 100)].iloc[0]
    assert shown["val_accuracy"] == last["val_accuracy"]


def test_a_value_beside_the_others_is_trained_and_drawn(open_page, store):
    query = {
        "playground.compare": "nothing",
        "playground.activation": "tanh",
        "playground.layers": "2",
        "playground.epochs": "50",
        "playground.data": "xor",
    }
    open_page(PATH, query)
    assert states(store, ALONE.labs()) == ["queued", "queued"]
    compute(store, ALONE.labs())
    app = open_page(PATH, query)
    assert [table.num_rows for table in networks(app)] == [51 * (2 * 2 + 2 + 2 * 2 + 2)]
    assert set(app.dataframe[0].value["network"]) == {"tanh"}


@pytest.mark.parametrize("varied", BY_NAME)
def test_every_setting_can_vary_and_every_value_is_one_of_a_run(varied):
    options = list(BY_NAME[varied].options)
    for first in range(0, len(options), MOST):
        asked = START._replace(varied=varied, values=START.values | {"activation": ("ReLU",), varied: tuple(options[first : first + MOST])})
        runs = [RunSettings.model_validate(one.run) for one in asked.variants]
        assert len({run.key for run in runs}) == len(asked.variants)
        assert len({one.colour for one in asked.variants}) == len(asked.variants)


@pytest.mark.parametrize("data", DATA)
def test_every_data_set_has_two_classes_in_the_plane(data):
    asked: Asked = START._replace(data=data, points=SMILE)
    settings = RunSettings.model_validate(asked.variants[0].run)
    assert settings.data.outputs == 2
    assert settings.data.dimensions == 2
    assert settings.data.noise == 0.05


def test_several_values_of_one_setting_are_the_variants_and_no_more_than_four(open_page, store):
    app = open_page(PATH, {"playground.compare": "rate", "playground.rate.several": ["1", "0.1", "0.01", "0.001", "0.003"]})
    expected = START._replace(varied="rate", values=START.values | {"activation": ("ReLU",), "rate": ("0.001", "0.003", "0.01", "0.1")})
    assert states(store, {one.name: one.trained for one in expected.variants}) == ["queued", "queued", "new", "queued"], "one is recorded"
    assert any("first 4" in caption.value for caption in app.caption)


def test_drawn_points_are_trained_on_and_nonsense_is_said(open_page, store):
    asked = START._replace(data="drawn", points=TINY)
    open_page(PATH, {"playground.data": "drawn", "playground.points": TINY})
    assert states(store, {"one": asked.variants[0].trained}) == ["queued"]
    app = open_page(PATH, {"playground.data": "drawn", "playground.points": "<b>nonsense</b>"})
    assert "These are no points" in app.warning[0].value
    assert states(store, {"one": START._replace(data="drawn", points=SMILE).variants[0].trained}) == ["queued"]


@pytest.mark.parametrize("nonsense", ["", "nan", "🙂", "9" * 40])
def test_nonsense_in_the_address_leaves_what_the_page_begins_with(open_page, store, nonsense):
    names = [setting.name for setting in SETTINGS]
    keys = ["data", "epochs", "compare", *names, *(f"{name}.several" for name in names if nonsense), "points"]
    app = open_page(PATH, {f"playground.{key}": nonsense for key in keys})
    assert len(networks(app)) == MOST


def test_inputs_are_scaled_by_the_training_points():
    variant = START.variants[0]
    points = variant.points.compute()
    told = player.contents(START, {f"points of {variant.name}": points})["meta"]["variants"][0]
    training = points[points["part"] == TRAINING][["x1", "x2"]].to_numpy()
    np.testing.assert_allclose(told["scaling"]["mean"], training.mean(0))
    np.testing.assert_allclose(told["scaling"]["std"], training.std(0))


def test_what_is_suggested_opens_with_what_it_says(open_page, store):
    for one in SUGGESTIONS:
        app = open_page(PATH, one.query)
        held = {name: app.session_state[f"playground.{name}"] for name in one.chips}
        assert held == one.chips
        assert len(app.get("page_link")) > 3
