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
"""Values stored for each unit and step for the backward pass: the state, the gates, and intermediate results."""
NUMBERS = 6_000_000
"""The most such values in a stack for one update; with more, they no longer fit into the caches."""


class Recurrent(ModelChoice):
    """Recurrent: one layer of cells reads the example step by step; a linear output layer reads its last state.

    Steps are the steps of a sequence, the points of a signal, or the rows of a picture. Data with K targets are predicted from the last K
    states. Cells are torch's: RNN h' = tanh(W x + U h + b); LSTM; GRU. W and U are drawn for each gate separately, with gain 1; then U is
    scaled to `spectral_radius` if one is given. `bidirectional` adds a second layer of cells, with its own weights, which reads from the
    last step to the first; the output layer then reads the last state of each direction. With `readout` all, it reads the states of all
    steps.

    Source: Elman 1990; Hochreiter & Schmidhuber 1997; Cho et al. 2014 (arXiv:1406.1078); torch.nn.RNN, LSTM, GRU; both directions:
    Schuster & Paliwal 1997, "Bidirectional Recurrent Neural Networks".
    """

    kind: Literal["recurrent"] = "recurrent"
    cell: Annotated[Literal["rnn", "lstm", "gru"], Field(description="The kind of cell, which computes the next state.")] = "gru"
    hidden: Annotated[Width, Field(description="Units of the state.", json_schema_extra={"unit": "units"})] = 32
    activation: Annotated[
        Literal["tanh", "relu"],
        Field(description="The nonlinearity of the cell rnn; lstm and gru have fixed ones.", json_schema_extra={"advanced": True}),
    ] = "tanh"
    bidirectional: Annotated[bool, Field(description="Adds cells that read the example from its end.")] = False
    readout: Annotated[
        Literal["last", "all"],
        Field(description="What the output layer reads: the last state, or the states of all steps side by side."),
    ] = "last"
    truncation: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | None,
        Field(
            description="Cuts the gradient after this many steps, counted from the last step, so that it flows back at most that far. "
            "Empty: no cut.",
            json_schema_extra={"unit": "steps"},
        ),
    ] = None
    spectral_radius: Annotated[
        Annotated[float, Field(gt=0, le=100)] | None,
        Field(
            description="Scales each gate's recurrent matrix so that its largest absolute eigenvalue starts at this value. Empty: no "
            "scaling."
        ),
    ] = None
    forget_bias: Annotated[
        float,
        Field(
            ge=-10,
            le=10,
            description="Initial bias of an lstm's forget gate; 1 lets it keep its memory.",
            json_schema_extra={"advanced": True},
        ),
    ] = 1.0
    init: InitField = Orthogonal()
    bias: Bias = True

    of_the_start: ClassVar[frozenset[str]] = frozenset({"init", "spectral_radius", "forget_bias"})

    @model_validator(mode="after")
    def _cut_in_one_direction(self) -> Self:
        if self.bidirectional and self.truncation is not None:
            raise ValueError(
                "truncation: it cuts off the past, but bidirectional also reads the example from its end; leave one of them out"
            )
        return self

    def complaint(self, sizes: Sizes) -> str | None:
        """Refuses data without an order of steps, and data whose several targets cannot be assigned to states."""
        if len(sizes.shape) < 2:
            return "model.kind: recurrent needs sequences, signals or pictures, but an example of these data is a row of features; try mlp"
        if sizes.targets > 1 and self.bidirectional and self.readout == "last":
            return (
                f"model.bidirectional: each of the {sizes.targets} targets of these data is predicted from one of the last states, but "
                "the last "
                "states of two directions belong to different steps; set model.readout to all, or bidirectional to false"
            )
        return None

    def build(self, sizes: Sizes) -> nn.Sequential:
        """A Sequential of `steps`, `hidden1`, `output`; with several states or outputs, `flat` follows them."""
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
        """The output matrix: over all states at once, or over one state for each target."""
        states = self.directions * self.hidden
        if self.readout == "all":
            return LinearMap("output", steps_of(sizes)[0] * states, sizes.targets * sizes.outputs)
        return LinearMap("output", states, sizes.outputs, sizes.targets)

    @property
    def directions(self) -> int:
        """2 if the example is read from its end as well, else 1."""
        return 2 if self.bidirectional else 1

    def initialize(self, network: nn.Module, generator: Generator, sample_ND: Tensor | None = None) -> None:
        """Draws the weights as for every network; each gate's bias starts at `init.bias`, and an LSTM's forget gate at `forget_bias`."""
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
        """Units of the state, over all directions."""
        return (self.directions * self.hidden,)

    def rows_on_cpu(self, sizes: Sizes | None, examples: int) -> int | None:
        """As many runs as keep at most NUMBERS values in an update, but from 4 to 32."""
        steps = 1 if sizes is None else steps_of(sizes)[0]
        return max(4, min(32, NUMBERS // (KEPT[self.cell] * steps * examples * self.directions * self.hidden)))

    def maps(self, sizes: Sizes) -> list[LinearMap]:
        """W and U of all gates, for each step and direction, and the output matrix."""
        steps, features = steps_of(sizes)
        rows = GATES[self.cell] * self.hidden
        one_direction = [LinearMap("hidden1", features, rows, steps), LinearMap("hidden1", self.hidden, rows, steps)]
        return [*one_direction * self.directions, self._output(sizes)]


def steps_of(sizes: Sizes) -> tuple[int, int]:
    """(steps, features of a step): rows of a picture, points of a signal, or steps of a sequence."""
    if sizes.sequence:
        return sizes.shape[0], sizes.shape[1]
    return sizes.shape[1], sizes.shape[0] * prod(sizes.shape[2:])
