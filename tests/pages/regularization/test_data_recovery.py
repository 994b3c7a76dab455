"""The page of data recovery: each part asks for what its controls say, and its sentence is that of the labs themselves."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.labs.data_recovery import DIVISION, MEMBERSHIP, SEARCH, SEEDS, STARTS
from core.labs.privacy.data_recovery import Leak, recover
from core.labs.privacy.gradient_inversion import Inversion, invert
from core.labs.privacy.membership import Membership, infer
from core.ui.pages.data_recovery import finding
from core.ui.pages.data_recovery.controls import CONTROLS, PATH, TABS, labs
from tests.pages.conftest import assert_no_error, texts
from tests.pages.labs import compute, states

QUICK = {
    DIVISION: dict(STARTS[DIVISION]) | {"pictures": "8", "activation": "relu"},
    SEARCH: dict(STARTS[SEARCH]) | {"batch": "2", "iterations": "50", "tries": 2},
    MEMBERSHIP: dict(STARTS[MEMBERSHIP]) | {"samples": "500", "epochs": "8"},
}


@pytest.fixture
def said(open_page, store):
    def texts_of(tab, values):
        open_page(PATH, CONTROLS[tab].query(values))
        compute(store, labs(tab, values))
        app = open_page(PATH, CONTROLS[tab].query(values))
        assert_no_error(app)
        return texts(app).replace("\\", "").replace("\u202f", " ")

    return texts_of


def test_a_single_picture_comes_back_to_the_digits_of_its_error(said):
    error = recover(Leak(), 0).examples["error"].iloc[0]
    assert f"The division recovers the picture, right to {int(-np.log10(error))} digits." in said(DIVISION, STARTS[DIVISION])


def test_adams_step_is_said_to_give_no_copy(said):
    values = dict(STARTS[DIVISION]) | {"optimizer": "adam"}
    error = recover(Leak(optimizer="adam"), 0).examples["error"].iloc[0]
    assert error > 0.1
    assert f"an exact copy: its error is {100 * error:.0f} %." in said(DIVISION, values)


def test_of_a_batch_it_counts_those_that_come_back(said):
    error = recover(Leak(batch_size=8, activation="relu"), 0).examples["error"]
    exact = int((error <= 1e-6).sum())
    assert 0 < exact < 8, "this batch shows both"
    text = said(DIVISION, QUICK[DIVISION])
    assert f"The division recovers {exact} of the 8 pictures of the update; the error of the nearest of the others is" in text


def test_the_search_counts_its_tries(said):
    found = [invert(Inversion(batch_size=2, iterations=50), seed).examples["error"] for seed in range(2)]
    whole = sum(bool((error <= 0.01).all()) for error in found)
    assert f"In {whole} of 2 tries, the search finds all 2 pictures of an update with an error of at most 1 %" in said(
        SEARCH, QUICK[SEARCH]
    )


def test_membership_is_told_by_its_auc_and_what_regularisation_leaves(said):
    rows = infer(Membership(samples=500, epochs=8), range(SEEDS)).auc.groupby("model")[["auc", "train_accuracy", "other_accuracy"]].mean()
    text = said(MEMBERSHIP, QUICK[MEMBERSHIP])
    overfitted = 100 * rows["auc"]["overfitted"]
    assert f"from another example in {overfitted:.0f} % of pairs (guessing: 50 %), with regularization in" in text
    assert (
        f"in {100 * rows['auc']['regularised']:.0f} %. The accuracy on other data is {100 * rows['other_accuracy']['overfitted']:.0f} %"
        in text
    )
    gap = 100 * (rows["train_accuracy"] - rows["other_accuracy"])
    assert f"by {gap['overfitted']:.0f} and {gap['regularised']:.0f} points" in text


@pytest.mark.parametrize("tab", TABS)
def test_a_part_asks_for_its_labs_alone_and_a_chip_changes_one_control(open_page, store, tab):
    open_page(PATH, CONTROLS[tab].query(QUICK[tab]))
    assert set(states(store, labs(tab, QUICK[tab]))) == {"queued"}
    others = [other for other in TABS if other != tab]
    assert {state for other in others for state in states(store, labs(other, STARTS[other]))} == {"new"}
    offered = CONTROLS[tab].offered(QUICK[tab])
    assert 2 <= len(offered) <= 4
    for chip in offered:
        changed = CONTROLS[tab].changed(QUICK[tab], chip)
        assert sum(changed[name] != value for name, value in QUICK[tab].items()) == 1
        open_page(PATH, CONTROLS[tab].query(changed))
        assert set(states(store, labs(tab, changed))) <= {"queued", "running"}, chip.change


def test_errors_are_written_as_people_read_them():
    assert finding.in_words(3e-15) == "14 digits"
    assert finding.in_words(0.02) == "off 2.0\u202f%"
    assert finding.in_words(0.26) == "off 26\u202f%"
    assert finding.in_words(1e9) == "off 999\u202f%"
