"""Recurrent networks, which read an example step by step."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from core.choices.initializations import Orthogonal
from core.choices.models.base import Bias, InitField, LinearMap, ModelChoice, Sizes, Width

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
KEPT = {"rnn": 1, "lstm": 7, "gru": 5}
"""Numbers that a step keeps of each unit for the backward pass: the state, the gates, and what is made of them."""
NUMBERS = 6_000_000
"""Such numbers of a stack in an update, at most: with more, caches overflow."""


class Recurrent(ModelChoice):
    """Recurrent: one layer of cells that reads the example step by step; its last state goes through a linear output layer.

    Steps are those of a sequence, the points of a signal, or the rows of a picture. Data with K targets are told from the last K
    states. Cells are torch's: RNN h' = tanh(W x + U h + b); LSTM; GRU. W and U are drawn gate by gate, with gain 1, U then scaled to
    `spectral_radius` if one is given. `bidirectional` adds a second layer of cells, with weights of its own, which reads from the last
    step to the first; the last state of each then goes to the output layer. With `readout` all the states of all steps do.

    Source: Elman 1990; Hochreiter & Schmidhuber 1997; Cho et al. 2014 (arXiv:1406.1078); torch.nn.RNN, LSTM, GRU; both directions:
    Schuster & Paliwal 1997, "Bidirectional Recurrent Neural Networks".
    """

    kind: Literal["recurrent"] = "recurrent"
    cell: Annotated[Literal["rnn", "lstm", "gru"], Field(description="What a step does with the state.")] = "gru"
    hidden: Annotated[Width, Field(description="Units of the state.", json_schema_extra={"unit": "units"})] = 32
    activation: Annotated[
        Literal["tanh", "relu"],
        Field(description="The nonlinearity of cell rnn; the others have their own.", json_schema_extra={"advanced": True}),
    ] = "tanh"
    bidirectional: Annotated[bool, Field(description="Reads the example from its end as well, by cells of their own.")] = False
    readout: Annotated[
        Literal["last", "all"],
        Field(description="What the output layer sees: the last state, or the states of all steps side by side."),
    ] = "last"
    truncation: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | None,
        Field(
            description="The gradient flows back at most so many steps: it is cut every so many, counted from the last. Empty: never.",
            json_schema_extra={"unit": "steps"},
        ),
    ] = None
    spectral_radius: Annotated[
        Annotated[float, Field(gt=0, le=100)] | None,
        Field(
            description="Scales each gate's recurrent matrix so that its largest eigenvalue has this size at the start. Empty: as drawn."
        ),
    ] = None
    forget_bias: Annotated[
        float,
        Field(
            ge=-10,
            le=10,
            description="Bias of an lstm's forget gate at the start; 1 keeps its memory open.",
            json_schema_extra={"advanced": True},
        ),
    ] = 1.0
    init: InitField = Orthogonal()
    bias: Bias = True

    of_the_start: ClassVar[frozenset[str]] = frozenset({"init", "spectral_radius", "forget_bias"})

    @model_validator(mode="after")
    def _cut_in_one_direction(self) -> Self:
        if self.bidirectional and self.truncation is not None:
            raise ValueError("truncation: cuts the past off, and bidirectional reads the example from its end too; leave one of them out")
        return self

    def complaint(self, sizes: Sizes) -> str | None:
        """For data without an order of steps, and where it is not clear which states tell several targets."""
        if len(sizes.shape) < 2:
            return "model.kind: recurrent needs sequences, signals or pictures, and an example of these data is a row of features; try mlp"
        if sizes.targets > 1 and self.bidirectional and self.readout == "last":
            return (
                f"model.bidirectional: each of the {sizes.targets} targets of these data is told from one of the last states, and the last "
                "states of two directions are those of different steps; set model.readout to all, or bidirectional to false"
            )
        return None

    def build(self, sizes: Sizes) -> nn.Sequential:
        """A Sequential of `steps`, `hidden1`, `output`, and `flat` after the states or the outputs where they are several."""
        from collections import OrderedDict

        from torch import nn

        from core.choices.models.modules import LastStates, Steps

        steps, features = steps_of(sizes)
        keep = steps if self.readout == "all" else sizes.targets
        layers: OrderedDict[str, nn.Module] = OrderedDict(steps=Steps(sizes.shape, sequence=sizes.sequence))
        layers["hidden1"] = LastStates(self._cells(features), keep, self.truncation)
        last = self._output(sizes)
        output = nn.Linear(last.inputs, last.outputs, bias=self.bias)
        flat = {"flat": nn.Flatten()} if keep > 1 else {}
        layers |= {**flat, "output": output} if self.readout == "all" else {"output": output, **flat}
        return nn.Sequential(layers)

    def _cells(self, features: int) -> nn.RNNBase:
        from torch import nn

        if self.cell == "rnn":
            return nn.RNN(
                features, self.hidden, nonlinearity=self.activation, bias=self.bias, batch_first=True, bidirectional=self.bidirectional
            )
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[self.cell]
        return kind(features, self.hidden, bias=self.bias, batch_first=True, bidirectional=self.bidirectional)

    def _output(self, sizes: Sizes) -> LinearMap:
        """The output's matrix: over all states at once, or over one of them, once a target."""
        states = self.directions * self.hidden
        if self.readout == "all":
            return LinearMap("output", steps_of(sizes)[0] * states, sizes.targets * sizes.outputs)
        return LinearMap("output", states, sizes.outputs, sizes.targets)

    @property
    def directions(self) -> int:
        """2 where the example is read from its end as well."""
        return 2 if self.bidirectional else 1

    def initialize(self, network: nn.Module, generator: Generator, sample_ND: Tensor | None = None) -> None:
        """As every network's; each gate starts at `init.bias`, an LSTM's forget gate at `forget_bias`."""
        import torch
        from torch import nn

        from core.choices.models.filling import scale_to_radius

        super().initialize(network, generator, sample_ND)
        cells = next(module for module in network.modules() if isinstance(module, nn.RNNBase))
        with torch.no_grad():
            for name, parameter in cells.named_parameters():
                if self.spectral_radius is not None and name.startswith("weight_hh"):
                    for block in parameter.split(self.hidden):
                        scale_to_radius(block, self.spectral_radius)
                if self.cell == "lstm" and name.startswith("bias_ih"):
                    parameter[self.hidden : 2 * self.hidden] = self.forget_bias

    def widths(self) -> tuple[int, ...]:
        """Units of the state, of both directions."""
        return (self.directions * self.hidden,)

    def rows_on_cpu(self, sizes: Sizes | None, examples: int) -> int | None:
        """As many as keep NUMBERS in an update, between 4 and 32."""
        steps = 1 if sizes is None else steps_of(sizes)[0]
        return max(4, min(32, NUMBERS // (KEPT[self.cell] * steps * examples * self.directions * self.hidden)))

    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """W and U of all gates, once a step and direction, and the output's matrix."""
        steps, features = steps_of(sizes)
        rows = GATES[self.cell] * self.hidden
        one_direction = [LinearMap("hidden1", features, rows, steps), LinearMap("hidden1", self.hidden, rows, steps)]
        return [*one_direction * self.directions, self._output(sizes)]


def steps_of(sizes: Sizes) -> tuple[int, int]:
    """(steps, features of a step): rows of a picture, points of a signal, steps of a sequence."""
    if sizes.sequence:
        return sizes.shape[0], sizes.shape[1]
    return sizes.shape[1], sizes.shape[0] * prod(sizes.shape[2:])
