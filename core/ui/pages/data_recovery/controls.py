"""What can be changed on the page of data recovery, by part, the labs that follow from it, and links that change one thing."""

from __future__ import annotations

from core.experiments.claims.claim import Lab
from core.experiments.labs.data_recovery import DIVISION, MEMBERSHIP, PAGE, SEARCH, SEEDS, STARTS
from core.labs.privacy import shown_examples
from core.ui.form.controls import Chip, Control, Controls, Values

PATH = "pages/data_recovery.py"
TABS = (DIVISION, SEARCH, MEMBERSHIP)
SMOOTH = ("sigmoid", "tanh")
BATCHES = ("1", "2", "4", "8", "16", "32")
WIDTHS = ("16", "32", "64", "128", "256", "512")
DECLARED = {
    DIVISION: (
        Control("pictures", "Pictures in the update", BATCHES),
        Control("activation", "Activation", (*SMOOTH, "relu")),
        Control("hidden", "Hidden units", WIDTHS),
        Control("optimizer", "Optimizer", ("sgd", "adam"), "Adam's update is not along the gradient."),
        Control("weight_decay", "Weight decay", ("0", "0.001", "0.01", "0.1"), "Moves the weights by something else than the gradient."),
        Control("dtype", "Numbers", ("float64", "float32"), "In which the checkpoints are kept."),
        Control("seed", "Which pictures (seed)", high=99, help="Decides the pictures and the initial weights."),
    ),
    SEARCH: (
        Control("batch", "Pictures in the update", BATCHES[1:]),
        Control("iterations", "Iterations of L-BFGS", ("20", "50", "100", "200", "500", "1000")),
        Control("activations", "Activation", SMOOTH, "It has to be smooth: where a ReLU is off the search has no slope."),
        Control("units", "Hidden units", WIDTHS[:-1]),
        Control("tries", "Tries", low=1, high=8, help="Each with other pictures, other weights and another start."),
    ),
    MEMBERSHIP: (
        Control("data", "Data", ("mnist1d", "digits"), "These networks overfit MNIST-1D, and hardly the digits."),
        Control("samples", "Examples", ("500", "1000", "2000", "4000"), "Of MNIST-1D; 60 % of them are members. The digits are 1,797."),
        Control("epochs", "Epochs", ("8", "20", "40", "80"), "The attack is also made after a quarter and a half of them."),
        Control("decay", "Weight decay", ("0", "0.3", "1", "3", "10"), "Decoupled, of the regularised network."),
        Control("dropout", "Dropout", ("0", "0.2", "0.5"), "Of the regularised network."),
    ),
}
CHIPS = {
    DIVISION: (
        Chip("Eight pictures", "What is left of each?", {"pictures": "8"}),
        Chip("ReLU", "Which units give one picture away?", {"activation": "relu"}),
        Chip("512 units", "Does a wide layer tell more?", {"hidden": "512"}),
        Chip("Adam", "Can its update still be divided?", {"optimizer": "adam"}),
        Chip("float32", "How many digits are left?", {"dtype": "float32"}),
        Chip("Weight decay of 0.1", "How far off is the picture?", {"weight_decay": "0.1"}),
    ),
    SEARCH: (
        Chip("Sixteen pictures", "Does the search still find them?", {"batch": "16"}),
        Chip("20 iterations", "What is there first, outline or detail?", {"iterations": "20"}),
        Chip("1000 iterations", "Do more tries succeed?", {"iterations": "1000"}),
        Chip("128 units", "More weights, more equations: easier?", {"units": "128"}),
        Chip("tanh", "Is it the sigmoid's doing?", {"activations": "tanh"}),
    ),
    MEMBERSHIP: (
        Chip("8 epochs", "Is stopping early a protection?", {"epochs": "8"}),
        Chip("Digits", "Where there is no gap, is there a leak?", {"data": "digits"}),
        Chip("4000 examples", "Do more data hide each one?", {"samples": "4000"}),
        Chip("No weight decay", "What did it hide?", {"decay": "0"}),
        Chip("Dropout of 0.5", "Does it protect, too?", {"dropout": "0.5"}),
    ),
}
CONTROLS = {tab: Controls(PAGE, PATH, DECLARED[tab], STARTS[tab], CHIPS[tab], {f"{PAGE}.tab": tab}) for tab in TABS}
"""By part."""


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
