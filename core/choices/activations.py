"""Activation functions between the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.choices.base import ByKind, Choice

if TYPE_CHECKING:
    from torch import nn


class ActivationChoice(Choice):
    """An activation: its torch module, an elementwise function, and the gain with which He and Xavier initialization keep the variance.

    The gains are torch's (`nn.init.calculate_gain`) if torch has one; functions shaped like ReLU use ReLU's gain.
    """

    kind: str

    torch_name: ClassVar[str]
    formula: ClassVar[str]  # f(x) in LaTeX; Phi and varphi are the distribution function and density of the standard normal
    derivative: ClassVar[str]
    gain: ClassVar[float] = 2**0.5
    learned: ClassVar[int] = 0  # parameters that the activation of one layer learns

    def build(self) -> nn.Module:
        """A new torch module."""
        from torch import nn

        return getattr(nn, self.torch_name)(**self.arguments())


class Identity(ActivationChoice):
    """Identity: no activation, so that stacked layers stay one linear map."""

    kind: Literal["identity"] = "identity"
    torch_name: ClassVar[str] = "Identity"
    formula: ClassVar[str] = "x"
    derivative: ClassVar[str] = "1"
    gain: ClassVar[float] = 1.0


class Sigmoid(ActivationChoice):
    """Sigmoid: 1 / (1 + exp(-x)); its slope is at most 1/4, so gradients shrink layer by layer."""

    kind: Literal["sigmoid"] = "sigmoid"
    torch_name: ClassVar[str] = "Sigmoid"
    formula: ClassVar[str] = r"\sigma(x) = \frac{1}{1 + e^{-x}}"
    derivative: ClassVar[str] = r"\sigma(x)\,(1 - \sigma(x))"
    gain: ClassVar[float] = 1.0


class Tanh(ActivationChoice):
    """Tanh: a sigmoid centred on 0, with slope 1 there."""

    kind: Literal["tanh"] = "tanh"
    torch_name: ClassVar[str] = "Tanh"
    formula: ClassVar[str] = r"\tanh x"
    derivative: ClassVar[str] = r"1 - \tanh^2 x"
    gain: ClassVar[float] = 5 / 3


class Relu(ActivationChoice):
    """ReLU: max(0, x). A unit that is 0 on every example no longer gets a gradient."""

    kind: Literal["relu"] = "relu"
    torch_name: ClassVar[str] = "ReLU"
    formula: ClassVar[str] = r"\max(0, x)"
    derivative: ClassVar[str] = r"1 \text{ if } x > 0, \text{ else } 0"


class LeakyRelu(ActivationChoice):
    """Leaky ReLU: x above 0 and a small slope below, so that no unit can die."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: Annotated[float, Field(ge=0, le=1, description="Slope below 0.")] = 0.01
    torch_name: ClassVar[str] = "LeakyReLU"
    formula: ClassVar[str] = r"\max(x, a x)"
    derivative: ClassVar[str] = r"1 \text{ if } x > 0, \text{ else } a"


class Prelu(ActivationChoice):
    """PReLU: x above 0 and a learned slope times x below, with one slope for each layer.

    Its gain, sqrt(2 / (1 + slope^2)), is computed for the slope 0.25. Source: He et al. 2015 (arXiv:1502.01852).
    """

    kind: Literal["prelu"] = "prelu"
    slope: Annotated[float, Field(ge=0, le=1, description="Slope below 0 at the start.")] = 0.25
    torch_name: ClassVar[str] = "PReLU"
    formula: ClassVar[str] = r"\max(x, a x),\ a \text{ learned}"
    derivative: ClassVar[str] = r"1 \text{ if } x > 0, \text{ else } a"
    gain: ClassVar[float] = (2 / (1 + 0.25**2)) ** 0.5
    learned: ClassVar[int] = 1

    def build(self) -> nn.Module:
        """torch's PReLU with one slope."""
        from torch import nn

        return nn.PReLU(init=self.slope)


class Elu(ActivationChoice):
    """ELU: x above 0 and alpha (exp(x) - 1) below. Source: Clevert et al. 2016 (arXiv:1511.07289)."""

    kind: Literal["elu"] = "elu"
    alpha: Annotated[float, Field(gt=0, le=10, description="Far below 0 the value is -alpha.")] = 1.0
    torch_name: ClassVar[str] = "ELU"
    formula: ClassVar[str] = r"x \text{ if } x > 0, \text{ else } \alpha (e^x - 1)"
    derivative: ClassVar[str] = r"1 \text{ if } x > 0, \text{ else } \alpha e^x"


class Gelu(ActivationChoice):
    """GELU: x times the normal distribution function of x. Source: Hendrycks & Gimpel 2016 (arXiv:1606.08415)."""

    kind: Literal["gelu"] = "gelu"
    torch_name: ClassVar[str] = "GELU"
    formula: ClassVar[str] = r"x\,\Phi(x)"
    derivative: ClassVar[str] = r"\Phi(x) + x\,\varphi(x)"


class Silu(ActivationChoice):
    """SiLU (swish): x times sigmoid(x). Source: Elfwing et al. 2018 (arXiv:1702.03118)."""

    kind: Literal["silu"] = "silu"
    torch_name: ClassVar[str] = "SiLU"
    formula: ClassVar[str] = r"x\,\sigma(x)"
    derivative: ClassVar[str] = r"\sigma(x)\,(1 + x\,(1 - \sigma(x)))"


class Softplus(ActivationChoice):
    """Softplus: log(1 + exp(beta x)) / beta, a smooth ReLU.

    Its gain is 1: its mean square on standard normal inputs is 0.92. Source: Dugas et al. 2001, "Incorporating Second-Order Functional
    Knowledge for Better Option Pricing".
    """

    kind: Literal["softplus"] = "softplus"
    beta: Annotated[float, Field(gt=0, le=100, description="Larger values come closer to ReLU.")] = 1.0
    torch_name: ClassVar[str] = "Softplus"
    formula: ClassVar[str] = r"\frac{1}{\beta} \ln(1 + e^{\beta x})"
    derivative: ClassVar[str] = r"\sigma(\beta x)"
    gain: ClassVar[float] = 1.0


Activation = Annotated[
    Relu | Tanh | Sigmoid | LeakyRelu | Prelu | Elu | Gelu | Silu | Softplus | Identity, Field(discriminator="kind"), ByKind
]
