"""The page of distributed SGD: it asks for what its controls say, and its sentences are those of the simulation itself."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from pandas import Series

from core.analysis.labs.distributed import Reached
from core.experiments.claims.claim import Lab
from core.experiments.labs.distributed import ASYNCHRONOUS, AWARE, BACKUP, BARRIER, NAMES, SAME, SEEDS, START, dies_at
from core.labs.distributed import watched
from core.labs.distributed.parameter_server import Cluster, simulate
from core.runs import labs as stored_labs
from core.ui.pages.distributed import finding
from core.ui.pages.distributed.controls import CONTROLS, PATH, labs, shown
from tests.pages.conftest import assert_no_error, texts
from tests.pages.labs import compute, states

SMALL = {**START, "workers": 3, "straggler": 4.0, "seconds": "50", "target": "1"}
STATES = {
    "as it starts": dict(START),
    "small": SMALL,
    "a death": SMALL | {"dies": "10 s"},
    "all servers, a high rate": SMALL | {"rules": tuple(NAMES), "lr": "2", "scaled": SAME, "backups": 2},
}


def cluster(asked, rule: str, **more) -> Cluster:
    """What the page means, written down by hand."""
    gradients = {BARRIER: asked["workers"], BACKUP: asked["workers"] - asked["backups"]}.get(rule, 1) if asked["scaled"] != SAME else 1
    return Cluster(rule=NAMES[rule], workers=asked["workers"], fastest=0.8, slowest=1.2, straggler=asked["straggler"],
                   dies_at=dies_at(asked), lr=gradients * float(asked["lr"]), seconds=float(asked["seconds"]), backups=asked["backups"],
                   **more)  # fmt: skip


def first_at(asked, rule: str) -> list[float]:
    """For each seed, when the loss is first measured at the target."""
    curves = [simulate(cluster(asked, rule), seed).curve for seed in range(SEEDS)]
    return [next((row.seconds for row in curve.itertuples() if row.loss <= float(asked["target"])), math.inf) for curve in curves]


@pytest.fixture
def opened(open_page, store):
    def page(asked):
        open_page(PATH, CONTROLS.query(asked))
        compute(store, labs(asked))
        app = open_page(PATH, CONTROLS.query(asked))
        assert_no_error(app)
        return app

    return page


def test_the_sentence_names_the_first_and_the_factor_of_the_simulation(opened):
    said = texts(opened(SMALL)).replace("\\", "").replace("\u202f", " ")
    late, early = (first_at(SMALL, rule) for rule in (BARRIER, ASYNCHRONOUS))
    factor = np.exp(np.mean(np.log(np.array(late) / np.array(early))))
    assert factor > 1.5, "the small cluster shows the difference"
    assert (
        f"Asynchronous SGD reaches a training loss of 1 after {np.mean(early):.0f} s, synchronous SGD after {np.mean(late):.0f} s "
        f"({factor:.2g} times as long)." in said
    )
    assert f"Synchronous SGD takes {factor:.2f} times the seconds of asynchronous SGD" in said


def test_a_server_that_waits_for_a_dead_worker_is_said_to(opened):
    asked = STATES["a death"] | {"target": "0.5"}
    said = texts(opened(asked)).replace("\\", "")
    assert all(map(math.isinf, first_at(asked, BARRIER)))
    assert "Synchronous SGD does not reach it: it waits forever for the failed worker." in said


def test_waiting_is_the_share_of_time_between_gradients(opened):
    said = texts(opened(SMALL)).replace("\u202f", " ")
    work = simulate(cluster(SMALL, BARRIER), 0).work
    end = shown(SMALL)
    drawn = work[work["begin"] < end]
    busy = (drawn["end"].clip(upper=end) - drawn["begin"]).sum() / (SMALL["workers"] * end)
    assert f":gray[{100 * (1 - busy):.0f} % of the workers' time is waiting]" in said
    assert ":gray[0 % of the workers' time is waiting]" in said


def test_staleness_is_told_by_its_medians(opened):
    said = texts(opened(SMALL)).replace("\\", "")
    updates = [simulate(cluster(SMALL, ASYNCHRONOUS), seed).updates for seed in range(SEEDS)]
    pooled = {who: np.concatenate([u[(u["worker"] == 2) == who]["staleness"] for u in updates]) for who in (True, False)}
    assert f"are at least {np.median(pooled[False]):.0f} updates old; for the straggler, {np.median(pooled[True]):.0f}." in said


def test_a_loss_that_grows_is_said_to_diverge_and_leaves_the_others_room(opened):
    asked = SMALL | {"lr": "2", "workers": 16}
    ends = [simulate(cluster(asked, BARRIER), seed).curve["loss"].iloc[[0, -1]].tolist() for seed in range(SEEDS)]
    assert any(not last <= 10 * first for first, last in ends), "the rate is too high"
    said = texts(opened(asked)).replace("\\", "")
    assert re.search(r"Synchronous SGD does not reach (it|a loss of 1)( in every seed)?: it diverges\.", said), said


def test_two_servers_in_no_certain_order_are_not_put_in_one():
    reach = {name: Reached(times, times.mean()) for name, times in {
        BARRIER: Series([10.0, 20, 30]), ASYNCHRONOUS: Series([30.0, 10, 21])}.items()}  # fmt: skip
    assert "(these two cannot be told apart)" in finding.headline(reach, 0.5, 50)


@pytest.mark.parametrize("asked", STATES.values(), ids=STATES)
def test_a_chip_changes_one_control_and_its_link_opens_that(open_page, store, asked):
    offered = CONTROLS.offered(asked)
    assert 2 <= len(offered) <= 4
    for chip in offered:
        after = CONTROLS.changed(asked, chip)
        assert len([name for name in START if after[name] != asked[name]]) == 1 or after == START
    after = CONTROLS.changed(asked, offered[0])
    open_page(PATH, CONTROLS.query(after))
    assert states(store, labs(after)) == ["queued"] * len(after["rules"])


def test_what_is_no_longer_asked_for_is_not_waited_for(open_page, store):
    app = open_page(PATH, CONTROLS.query(SMALL))
    app.slider(key="distributed.workers").set_value(4).run()
    assert set(states(store, labs(SMALL))) == {"paused"}
    assert set(states(store, labs(SMALL | {"workers": 4}))) == {"queued"}


def test_fewer_workers_than_backups_leave_somebody_to_wait_for(open_page, store):
    app = open_page(PATH, CONTROLS.query(SMALL | {"rules": (BACKUP,), "workers": 8, "backups": 7}))
    app.slider(key="distributed.workers").set_value(3).run()
    assert_no_error(app)
    assert app.slider(key="distributed.backups").max == 2
    assert app.slider(key="distributed.backups").value <= 2


def test_without_a_server_it_says_what_to_do(open_page, store):
    app = open_page(PATH)
    app.button_group(key="distributed.rules").set_value([]).run()
    assert "Choose at least one server" in app.info[0].value


def test_a_simulation_that_fails_is_said_and_tried_again_by_a_click(open_page, store, monkeypatch):
    open_page(PATH, CONTROLS.query(SMALL))

    def broken(*_args, **_settings):
        raise RuntimeError("the cluster is on fire")

    with monkeypatch.context() as failing:
        failing.setattr(watched, "watch", broken)
        failing.setattr(Lab, "name", property(lambda lab: "core.labs.distributed.watched.watch"))
        compute(store, labs(SMALL))
    app = open_page(PATH, CONTROLS.query(SMALL), errors=True)
    assert "the cluster is on fire" in app.error[0].value.replace("\\", "")
    next(button for button in app.button if button.label == "Try again").click().run()
    assert set(states(store, labs(SMALL))) == {"queued"}
    assert stored_labs.found(store, labs(SMALL)[BARRIER].key) is None


def test_every_rule_of_the_lab_has_a_name_on_the_page():
    from typing import get_args

    from core.labs.distributed.parameter_server import Rule

    assert set(NAMES.values()) == set(get_args(Rule))
    assert set(finding.SAID) == set(NAMES)
    assert {AWARE, ASYNCHRONOUS} == set(finding.STALE)
    assert re.match(r"^[a-z]", finding.SAID[BARRIER])
