"""What can be changed on the page of data recovery, by part, the labs that follow from it, and links that change one thing."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from core.experiments.claims.claim import Lab
from core.labs.privacy import shown_examples
from core.ui.form.picking import segmented_control, select_slider

PAGE = "data_recovery"
PATH = "pages/data_recovery.py"
DIVISION, SEARCH, MEMBERSHIP = "One division", "Search", "Membership"
TABS = (DIVISION, SEARCH, MEMBERSHIP)
SMOOTH = ("sigmoid", "tanh")
SEEDS = 4

Values = dict[str, Any]


class Control(NamedTuple):
    """A widget: its name in the address, label, what it offers, where it starts, and what it is about.

    options: texts, of which few stand beside each other and many on a slider; or the lowest and the highest whole number.
    """

    name: str
    label: str
    options: tuple[Any, ...]
    start: Any
    help: str = ""


class Chip(NamedTuple):
    """A change of one control: what changes, what to look for, which control, and its value then."""

    change: str
    look: str
    name: str
    value: Any


BATCHES = ("1", "2", "4", "8", "16", "32")
WIDTHS = ("16", "32", "64", "128", "256", "512")
DIVIDED = (
    Control("pictures", "Pictures in the update", BATCHES, "1"),
    Control("activation", "Activation", (*SMOOTH, "relu"), "sigmoid"),
    Control("hidden", "Hidden units", WIDTHS, "32"),
    Control("optimizer", "Optimizer", ("sgd", "adam"), "sgd", "Adam's step is not along the gradient."),
    Control("weight_decay", "Weight decay", ("0", "0.001", "0.01", "0.1"), "0", "Moves the weights by something else than the gradient."),
    Control("dtype", "Numbers", ("float64", "float32"), "float64", "In which the checkpoints are kept."),
    Control("seed", "Which pictures (seed)", (0, 99), 0, "Decides the pictures and the initial weights."),
)  # fmt: skip
SEARCHED = (
    Control("batch", "Pictures in the update", BATCHES[1:], "8"),
    Control("iterations", "Iterations of L-BFGS", ("20", "50", "100", "200", "500", "1000"), "200"),
    Control("activations", "Activation", SMOOTH, "sigmoid", "It has to be smooth: where a ReLU is off the search has no slope."),
    Control("units", "Hidden units", WIDTHS[:-1], "32"),
    Control("tries", "Tries", (1, 8), 4, "Each with other pictures, other weights and another start."),
)
ATTACKED = (
    Control("data", "Data", ("mnist1d", "digits"), "mnist1d", "These networks overfit MNIST-1D, and hardly the digits."),
    Control("samples", "Examples", ("500", "1000", "2000", "4000"), "1000", "Of MNIST-1D; 60 % of them are members. The digits are 1,797."),
    Control("epochs", "Epochs", ("8", "20", "40", "80"), "40", "The attack is also made after a quarter and a half of them."),
    Control("decay", "Weight decay", ("0", "0.3", "1", "3", "10"), "3", "Decoupled, of the regularised network."),
    Control("dropout", "Dropout", ("0", "0.2", "0.5"), "0", "Of the regularised network."),
)
CONTROLS = {DIVISION: DIVIDED, SEARCH: SEARCHED, MEMBERSHIP: ATTACKED}
CHIPS = {
    DIVISION: (
        Chip("Eight pictures", "What is left of each?", "pictures", "8"),
        Chip("ReLU", "Which units give one picture away?", "activation", "relu"),
        Chip("512 units", "Does a wide layer tell more?", "hidden", "512"),
        Chip("Adam", "Can its step still be divided?", "optimizer", "adam"),
        Chip("float32", "How many digits are left?", "dtype", "float32"),
        Chip("Weight decay of 0.1", "How far off is the picture?", "weight_decay", "0.1"),
    ),
    SEARCH: (
        Chip("Sixteen pictures", "Does the search still find them?", "batch", "16"),
        Chip("20 iterations", "What is there first, outline or detail?", "iterations", "20"),
        Chip("1000 iterations", "Do more tries succeed?", "iterations", "1000"),
        Chip("128 units", "More weights, more equations: easier?", "units", "128"),
        Chip("tanh", "Is it the sigmoid's doing?", "activations", "tanh"),
    ),
    MEMBERSHIP: (
        Chip("8 epochs", "Is stopping early a protection?", "epochs", "8"),
        Chip("Digits", "Where there is no gap, is there a leak?", "data", "digits"),
        Chip("4000 examples", "Do more data hide each one?", "samples", "4000"),
        Chip("No weight decay", "What did it hide?", "decay", "0"),
        Chip("Dropout of 0.5", "Does it protect, too?", "dropout", "0.5"),
    ),
}


def controls(tab: str) -> Values:
    """Draws the sidebar of a part, and returns what it says by name."""
    with st.sidebar:
        return {control.name: _widget(control) for control in CONTROLS[tab]}


def _widget(control: Control) -> Any:
    common: dict[str, Any] = {"help": control.help or None, "key": f"{PAGE}.{control.name}"}
    if not isinstance(control.start, str):
        low, high = control.options
        return st.slider(control.label, int(low), int(high), int(control.start), bind="query-params", **common)
    draw = segmented_control if len(control.options) <= 3 else select_slider
    return draw(control.label, control.options, control.start, **common)


def chips(tab: str, values: Values) -> list[Chip]:
    """Changes that are none yet, four at most."""
    return [chip for chip in CHIPS[tab] if values[chip.name] != chip.value][:4]


def query(tab: str, values: Values) -> dict[str, str | list[str]]:
    """The address of a part with these values: those that are not as it starts."""
    starts = {control.name: control.start for control in CONTROLS[tab]}
    given = {f"{PAGE}.{name}": str(value) for name, value in values.items() if value != starts[name]}
    return {f"{PAGE}.open": "1", f"{PAGE}.tab": tab, **given}


def labs(tab: str, values: Values) -> dict[str, Lab]:
    """What a part has computed, by name, in the order in which it is asked for."""
    return {DIVISION: _division, SEARCH: _search, MEMBERSHIP: _membership}[tab](values)


def _division(values: Values) -> dict[str, Lab]:
    settings = {name: values[name] for name in ("activation", "optimizer", "dtype")}
    numbers = {"batch_size": int(values["pictures"]), "hidden": int(values["hidden"]), "weight_decay": float(values["weight_decay"])}
    return {"division": Lab(shown_examples.divided, {"seed": int(values["seed"]), **settings, **numbers})}


def _search(values: Values) -> dict[str, Lab]:
    numbers = {"batch_size": int(values["batch"]), "iterations": int(values["iterations"]), "hidden": int(values["units"])}
    settings = {"activation": values["activations"], **numbers}
    return {f"try {seed + 1}": Lab(shown_examples.searched, {"seed": seed, **settings}) for seed in range(int(values["tries"]))}


def _membership(values: Values) -> dict[str, Lab]:
    """The attack after all epochs first: the sentence is of that."""
    epochs = int(values["epochs"])
    settings = {"data": values["data"], "weight_decay": float(values["decay"]), "dropout": float(values["dropout"])}
    settings |= {"samples": int(values["samples"])} if values["data"] == "mnist1d" else {}
    lengths = (epochs, epochs // 2, epochs // 4)
    return {
        f"{length} epochs": Lab(shown_examples.attacked, {"epochs": length, "seeds": list(range(SEEDS)), **settings}) for length in lengths
    }
