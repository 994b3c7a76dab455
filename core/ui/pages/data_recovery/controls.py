"""The controls of each part of the page of data recovery, the labs of their values, and links that change one control."""

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
        Control("optimizer", "Optimizer", ("sgd", "adam"), "Adam's update does not follow the gradient."),
        Control(
            "weight_decay",
            "Weight decay",
            ("0", "0.001", "0.01", "0.1"),
            "Adds a change of the weights that does not come from the gradient.",
        ),
        Control("dtype", "Numbers", ("float64", "float32"), "Number type of the stored checkpoints."),
        Control("seed", "Which pictures (seed)", high=99, help="Decides the pictures and the initial weights."),
    ),
    SEARCH: (
        Control("batch", "Pictures in the update", BATCHES[1:]),
        Control("iterations", "Iterations of L-BFGS", ("20", "50", "100", "200", "500", "1000")),
        Control("activations", "Activation", SMOOTH, "It must be smooth: where a ReLU is inactive, the search has no gradient."),
        Control("units", "Hidden units", WIDTHS[:-1]),
        Control("tries", "Tries", low=1, high=8, help="Number of tries, each with other pictures, other weights and another start."),
    ),
    MEMBERSHIP: (
        Control("data", "Data", ("mnist1d", "digits"), "These networks overfit MNIST-1D, but hardly the digits."),
        Control(
            "samples",
            "Examples",
            ("500", "1000", "2000", "4000"),
            "Number of MNIST-1D examples; 60 % of them are members. The digits data set has 1,797 examples.",
        ),
        Control("epochs", "Epochs", ("8", "20", "40", "80"), "The attack is also made after a quarter and after half of these epochs."),
        Control("decay", "Weight decay", ("0", "0.3", "1", "3", "10"), "Decoupled weight decay of the regularised network."),
        Control("dropout", "Dropout", ("0", "0.2", "0.5"), "Dropout of the regularised network."),
    ),
}
CHIPS = {
    DIVISION: (
        Chip("Eight pictures", "How much of each picture is recovered?", {"pictures": "8"}),
        Chip("ReLU", "Which units reveal a single picture?", {"activation": "relu"}),
        Chip("512 units", "Does a wide layer reveal more?", {"hidden": "512"}),
        Chip("Adam", "Does the division still work?", {"optimizer": "adam"}),
        Chip("float32", "How many digits are right?", {"dtype": "float32"}),
        Chip("Weight decay of 0.1", "How large is the error of the picture?", {"weight_decay": "0.1"}),
    ),
    SEARCH: (
        Chip("Sixteen pictures", "Does the search still find them?", {"batch": "16"}),
        Chip("20 iterations", "Which appears first, outline or detail?", {"iterations": "20"}),
        Chip("1000 iterations", "Do more tries succeed?", {"iterations": "1000"}),
        Chip("128 units", "Is it easier with more weights and so more equations?", {"units": "128"}),
        Chip("tanh", "Does it depend on the sigmoid?", {"activations": "tanh"}),
    ),
    MEMBERSHIP: (
        Chip("8 epochs", "Does early stopping protect the data?", {"epochs": "8"}),
        Chip("Digits", "Is there a leak without overfitting?", {"data": "digits"}),
        Chip("4000 examples", "Do more data hide the single example?", {"samples": "4000"}),
        Chip("No weight decay", "How much did it hide?", {"decay": "0"}),
        Chip("Dropout of 0.5", "Does it also protect the data?", {"dropout": "0.5"}),
    ),
}
CONTROLS = {tab: Controls(PAGE, PATH, DECLARED[tab], STARTS[tab], CHIPS[tab], {f"{PAGE}.tab": tab}) for tab in TABS}
"""By part."""


def labs(tab: str, values: Values) -> dict[str, Lab]:
    """The labs of a part, by name, in the order in which they are requested."""
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
    """The attack after all epochs comes first, because the result above the chart is about it."""
    epochs = int(values["epochs"])
    settings = {"data": values["data"], "weight_decay": float(values["decay"]), "dropout": float(values["dropout"])}
    settings |= {"samples": int(values["samples"])} if values["data"] == "mnist1d" else {}
    lengths = (epochs, epochs // 2, epochs // 4)
    return {
        f"{length} epochs": Lab(shown_examples.attacked, {"epochs": length, "seeds": list(range(SEEDS)), **settings}) for length in lengths
    }
