"""What can be chosen on the playground: the settings of its networks, of which one may have several values, and what is trained then."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.charts.parts import palette
from core.experiments.claims.claim import Lab
from core.labs.networks import playground

PAGE = "playground"
PATH = "pages/playground.py"
MOST = 4
"""Variants beside each other."""

SAMPLES, VALIDATION = 400, 0.3
DRAWN = "drawn"
DATA = ("spirals", "moons", "circles", "xor", "blobs", DRAWN)
EPOCHS = ("50", "100", "200", "400")
NOTHING = "nothing"


class Setting(NamedTuple):
    """A chip: its name in the address, what it offers and what each means as settings of a run, where it starts.

    several: what it compares when it is the one that varies.
    """

    name: str
    options: dict[str, dict[str, Any]]
    start: str
    several: tuple[str, ...]
    help: str

    def colour(self, value: str) -> str:
        """The colour of a value, whatever others are compared with it."""
        return palette.COLOURS[list(self.options).index(value) % len(palette.COLOURS)]


def _each(path: str, values: str | tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Numbers, as they are written."""
    return {text: {path: float(text)} for text in (values.split() if isinstance(values, str) else values)}


def _layers() -> dict[str, dict[str, Any]]:
    offered = ("2", "4", "8", "16", "4-4", "8-8", "16-16", "8-8-8", "4-4-4-4", "8-8-8-8")
    hidden = {text: {"model.kind": "mlp", "model.hidden": [int(width) for width in text.split("-")]} for text in offered}
    return {"none": {"model.kind": "linear"}, **hidden}


ACTIVATIONS = {
    "ReLU": "relu", "tanh": "tanh", "GELU": "gelu", "sigmoid": "sigmoid",
    "leaky ReLU": "leaky_relu", "SiLU": "silu", "ELU": "elu", "identity": "identity",
}  # fmt: skip
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adam": {"kind": "adam"},
    "SGD": {"kind": "sgd"},
    "momentum": {"kind": "sgd", "momentum": 0.9},
    "RMSprop": {"kind": "rmsprop"},
}
PENALTIES = {"L1": "penalty.l1_proximal", "L2": "penalty.l2_squared"}

SETTINGS = (
    Setting(
        "activation",
        {name: {"model.activation": kind} for name, kind in ACTIVATIONS.items()},
        "ReLU",
        ("ReLU", "tanh", "GELU", "sigmoid"),
        "What each hidden unit does to its sum.",
    ),
    Setting("layers", _layers(), "8-8", ("2", "8", "8-8", "8-8-8"), "Units of each hidden layer."),
    Setting("rate", _each("lr", "0.0003 0.001 0.003 0.01 0.03 0.1 0.3 1"), "0.01", ("0.001", "0.01", "0.1", "1"), "The learning rate."),
    Setting(
        "optimizer",
        {name: {"optimizer": given} for name, given in OPTIMIZERS.items()},
        "Adam",
        tuple(OPTIMIZERS),
        "How a gradient becomes an update. All take the same learning rate.",
    ),
    Setting(
        "batch",
        {text: {"training.batch_size": "full" if text == "all" else int(text)} for text in ("4", "8", "16", "32", "64", "all")},
        "16",
        ("4", "16", "64", "all"),
        "Examples that an update averages over.",
    ),
    Setting(
        "penalty",
        {"none": {}}
        | {f"{norm} {text}": {path: float(text)} for norm, path in PENALTIES.items() for text in ("0.001", "0.003", "0.01", "0.03")},
        "none",
        ("none", "L1 0.003", "L2 0.003", "L2 0.03"),
        "On the size of the weights. L1 is by proximal steps, which set weights to exactly zero.",
    ),
    Setting(
        "noise",
        _each("data.noise", "0 0.05 0.1 0.2 0.3 0.5"),
        "0.05",
        ("0", "0.05", "0.1", "0.2"),
        "Standard deviation of what is added to both coordinates of a point.",
    ),
    Setting(
        "start",
        {str(seed): {"seed": seed} for seed in range(8)},
        "0",
        ("0", "1", "2", "3"),
        "The seed of the first weights and of the order.",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


class Variant(NamedTuple):
    """A network of the playground: its name, colour, and the settings of its run."""

    name: str
    colour: str
    run: dict[str, Any]

    @property
    def units(self) -> list[int]:
        """Of every layer, inputs and outputs among them."""
        return [2, *self.run["model"].get("hidden", ()), 2]

    @property
    def activation(self) -> str:
        """Its kind; a network without hidden layers has none."""
        return str(self.run["model"].get("activation", "identity"))

    @property
    def trained(self) -> Lab:
        """Its training."""
        return Lab(playground.trained, {"run": self.run})

    @property
    def points(self) -> Lab:
        """The points that it is trained on."""
        return Lab(playground.points, {"data": self.run["data"]})


class Asked(NamedTuple):
    """What the chips say: the data, the epochs, which setting varies (None: none does), and the values of every setting."""

    data: str
    epochs: str
    varied: str | None
    values: dict[str, tuple[str, ...]]
    points: str = ""

    @property
    def variants(self) -> list[Variant]:
        """At most four; one where nothing varies."""
        setting = BY_NAME[self.varied or "activation"]
        return [Variant(value, setting.colour(value), self._run({setting.name: value})) for value in self.values[setting.name]]

    def labs(self) -> dict[str, Lab]:
        """What is to be computed, the points first, by the variants' names."""
        variants = self.variants
        return {f"points of {one.name}": one.points for one in variants} | {one.name: one.trained for one in variants}

    def _run(self, varied: dict[str, str]) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for setting in SETTINGS:
            chosen |= setting.options[varied.get(setting.name, self.values[setting.name][0])]
        return run_of(self, chosen)


def run_of(asked: Asked, chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run from dotted paths. Without hidden layers there is no activation."""
    linear = chosen["model.kind"] == "linear"
    model = {"kind": "linear"} if linear else {name: chosen[f"model.{name}"] for name in ("kind", "hidden", "activation")}
    data: dict[str, Any] = {"kind": asked.data, "noise": chosen["data.noise"]}
    data |= {"points": asked.points} if asked.data == DRAWN else {"samples": SAMPLES}
    data |= {"classes": 2} if asked.data == "blobs" else {}
    penalty = {path.removeprefix("penalty."): value for path, value in chosen.items() if path.startswith("penalty.")}
    return {
        "data": {**data, "validation_fraction": VALIDATION, "test_fraction": 0.0},
        "model": model,
        "optimizer": {**chosen["optimizer"], "lr": chosen["lr"]},
        "penalty": penalty,
        "training": {"epochs": int(asked.epochs), "batch_size": chosen["training.batch_size"]},
        "seed": chosen["seed"],
    }


START = Asked(DATA[0], EPOCHS[1], "activation", {one.name: one.several if one.name == "activation" else (one.start,) for one in SETTINGS})
"""What the page opens with."""


class Suggestion(NamedTuple):
    """Something to try: what changes, what to look for, and the chips then, by their names in the address."""

    change: str
    look: str
    chips: dict[str, str | list[str]]

    @property
    def query(self) -> dict[str, str | list[str]]:
        """Its address."""
        return {f"{PAGE}.open": "1"} | {f"{PAGE}.{name}": value for name, value in self.chips.items()}


SUGGESTIONS = (
    Suggestion(
        "Two units, eight, two layers", "How many straight edges does each boundary have?", {"compare": "layers", "data": "circles"}
    ),
    Suggestion(
        "A rate of 1", "How many ReLUs die, and when?", {"compare": "rate", "rate.several": ["0.01", "0.1", "0.3", "1"], "data": "moons"}
    ),
    Suggestion("Four starts", "On the same points: how much is luck?", {"compare": "start", "layers": "4", "data": "xor"}),
    Suggestion(
        "Penalties", "Which edges vanish under L1, which only shrink under L2?", {"compare": "penalty", "noise": "0.1", "data": "moons"}
    ),
)
