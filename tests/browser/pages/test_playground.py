"""The playground in a browser: it plays, follows the keys, and its maps are what PyTorch says."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from pydantic import TypeAdapter
from torch import nn
from torch.nn.utils import parameters_to_vector

from core.choices.activations import Activation
from core.labs.networks.playground import TRAINING
from core.runs import labs
from core.runs.recorded import labs as recorded
from core.runs.store import Store
from core.ui.pages.playground.player import code
from core.ui.pages.playground.settings import ACTIVATIONS, START
from tests.browser.content import open_page, until
from tests.browser.server import Server


@pytest.fixture
def player(page: Page, server: Server):
    """The player with what comes recorded, as if it had been trained here: the server of the tests shows nothing that was not."""
    store = Store(f"sqlite:///{server.home / 'tandem.db'}")
    for lab in START.labs().values():
        labs.ask(store, lab.key, lab.name, lab.arguments)
        with store.database.writing() as connection:
            labs.keep(connection, lab.key, frame_bytes(lab.key), 0.0)
    store.close()
    open_page(page, f"{server.url}/playground")
    return page.locator(".player")


def frame_bytes(key: str) -> bytes:
    content = io.BytesIO()
    recorded.frame_of(key).to_parquet(content, index=False)
    return content.getvalue()


def epoch(player) -> int:
    return int(player.locator(".scrubber").get_attribute("aria-valuenow"))


def test_the_maps_are_what_pytorch_says(context):
    """Every activation that is offered, in a page without a server."""
    page = context.new_page()
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.randn(2, 50, generator=generator)
    call = f"([units, activation, weights, x]) => {{ {code('network.js')}; const shapes = shapesOf(units);" + (
        "const layers = forward(weights, shapes, activation, x, x.length / 2); return layers.map((layer) => [...layer]); }"
    )
    for kind in ACTIVATIONS.values():
        activation = TypeAdapter(Activation).validate_python(kind)
        model = nn.Sequential(nn.Linear(2, 5), activation.build(), nn.Linear(5, 3), activation.build(), nn.Linear(3, 2))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(generator=generator)
            expected = [model[:2](x.T), model[:4](x.T), model(x.T)]
        weights = parameters_to_vector(model.parameters()).tolist()
        found = page.evaluate(call, [[2, 5, 3, 2], kind, weights, x.flatten().tolist()])
        for layer, units in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.reshape(layer, (-1, 50)), units.detach().numpy().T, atol=1e-3, err_msg=kind)


def test_it_plays_steps_and_is_scrubbed_by_keys(page: Page, player):
    expect(player.locator(".headline")).to_contain_text("Epoch 100: ")
    page.keyboard.press("Home")
    assert epoch(player) == 0
    expect(player.locator(".headline")).to_contain_text("Before training: ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert epoch(player) == 11
    page.keyboard.press("Space")
    until(page, lambda: epoch(player) > 15, "it plays")
    page.keyboard.press("Space")
    stopped = epoch(player)
    page.wait_for_timeout(300)
    assert epoch(player) == stopped
    expect(page).to_have_url(re.compile(rf"playground\.epoch={stopped}$"))
    page.keyboard.press("3")
    expect(player.locator(".map[aria-pressed=true] .name span")).to_have_text(START.variants[2].name)
    page.keyboard.press("d")
    expect(player.locator(".map.wide .said")).to_contain_text("of the plane")


def test_units_are_dead_that_the_engine_counts_as_dead(player):
    for number in (0, 1):
        counted = recorded.frame_of(START.variants[number].trained.key)["dead_fraction"]
        found = player.evaluate(f"(root) => [0, 30, 100].map((epoch) => root.player.variants[{number}].dead(epoch).flat())")
        assert [np.mean(units) for units in found] == pytest.approx(counted[[0, 30, 100]].tolist())
        assert number or counted[100] > 0


def test_the_page_draws_the_boundary_that_the_stored_weights_say(player):
    """The whole way: weights, scaling and the square of the plane that is shown."""
    variant = START.variants[2]
    points = recorded.frame_of(variant.points.key)
    training = points[points["part"] == TRAINING][["x1", "x2"]].to_numpy()
    row = recorded.frame_of(variant.trained.key).iloc[40]
    model = nn.Sequential(nn.Linear(2, 8), nn.GELU(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 2))
    nn.utils.vector_to_parameters(torch.tensor(np.frombuffer(row["weights"], np.float32)), model.parameters())
    share, square = player.evaluate("(root) => [[...root.player.variants[2].over(40, root.player.meta.square)], root.player.meta.square]")
    side = int(len(share) ** 0.5)
    steps = (np.arange(side) + 0.5) * 2 * square["half"] / side
    x, y = np.meshgrid(square["x"] - square["half"] + steps, square["y"] + square["half"] - steps)
    scaled = (np.column_stack([x.ravel(), y.ravel()]) - training.mean(0)) / training.std(0)
    with torch.no_grad():
        expected = model(torch.tensor(scaled, dtype=torch.float32)).softmax(1)[:, 1]
    np.testing.assert_allclose(share, expected, atol=1e-3)
