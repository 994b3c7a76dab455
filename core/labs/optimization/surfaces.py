"""Loss functions of two numbers, which show the path of an optimizer.

All of them use only +, -, * and whole powers, so that the same function accepts floats, NumPy arrays and tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from pandas import DataFrame

Name = Literal["quadratic", "rosenbrock", "beale", "himmelblau", "saddle", "noisy valley"]
NAMES: tuple[Name, ...] = get_args(Name)

Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A loss of x and y, and the region in which it is drawn.

    loss: function of x and y, elementwise. formula: the same in LaTeX. frame: the region of the picture: x from, x to, y from, y to.
    minima: the points where the loss is `lowest`. start: the default start of the paths; noise: default standard deviation of the noise in
    each gradient component.
    """

    name: Name
    loss: Callable[[Any, Any], Any]
    formula: str
    about: str
    frame: tuple[float, float, float, float]
    start: Point
    minima: tuple[Point, ...]
    lowest: float = 0.0
    noise: float = 0.0

    def gradients(self, points_T2: np.ndarray) -> np.ndarray:
        """Returns the gradient at each of T points by autograd, in float64; shape (T, 2)."""
        import torch

        w_T2 = torch.tensor(np.asarray(points_T2, dtype=np.float64), requires_grad=True)
        self.loss(w_T2[:, 0], w_T2[:, 1]).sum().backward()
        assert w_T2.grad is not None  # for the type checker
        return w_T2.grad.numpy()

    def distances(self, points_T2: np.ndarray) -> np.ndarray:
        """Returns the distance of each of T points to the nearest minimum; shape (T,)."""
        apart_TM2 = np.asarray(points_T2)[:, None, :] - np.array(self.minima)[None, :, :]
        return np.hypot(apart_TM2[..., 0], apart_TM2[..., 1]).min(axis=1)


def make(name: Name, condition: float = 20.0, angle: float = 0.0) -> Surface:
    """Returns the surface with this name.

    Args:
        name: one of `NAMES`.
        condition: the condition number of the quadratic: its larger curvature divided by its smaller one, which is 1. Other surfaces
        ignore it.
        angle: the rotation of the quadratic's axes in degrees. Other surfaces ignore it.
    """
    return _quadratic(condition, angle) if name == "quadratic" else _FIXED[name]


def grid(surface: Surface, side: int = 64) -> DataFrame:
    """Returns the loss at the centres of side x side cells that fill the frame: x, y, loss; in rows of equal y, beginning with the
    lowest.
    """
    x_low, x_high, y_low, y_high = surface.frame
    middles = (np.arange(side) + 0.5) / side
    y, x = np.meshgrid(y_low + (y_high - y_low) * middles, x_low + (x_high - x_low) * middles, indexing="ij")
    return DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": surface.loss(x, y).ravel()})


def _quadratic(condition: float, angle: float) -> Surface:
    turned = math.radians(angle)
    return Surface(
        name="quadratic",
        loss=partial(_bowl, condition, math.cos(turned), math.sin(turned)),
        formula=rf"f = \tfrac{{1}}{{2}} (u^2 + {condition:g}\, v^2)"
        + (r",\quad (u, v) = (x, y)" if not angle else rf",\quad (u, v) = (x, y) \text{{ turned by }} {angle:g}°"),
        about="Along each axis, plain SGD multiplies the distance by 1 − lr · curvature in every step: it diverges if lr is above "
        f"2 / {condition:g} = {2 / condition:.3g}; below this rate, it is slow along the flat axis. This is the effect of the condition "
        "number. "
        "Methods that scale each coordinate separately (Adam, RMSprop) are not affected until you rotate the axes.",
        frame=(-3.0, 3.0, -2.0, 2.0),
        start=(-2.5, 1.5),
        minima=((0.0, 0.0),),
    )


def _bowl(condition: float, cosine: float, sine: float, x: Any, y: Any) -> Any:
    along, across = cosine * x + sine * y, cosine * y - sine * x
    return (along**2 + condition * across**2) / 2


def _rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _himmelblau(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _saddle(x: Any, y: Any) -> Any:
    return x**2 / 2 - y**2 / 2 + y**4 / 4


def _valley(x: Any, y: Any) -> Any:
    return (x**2 / 10 + 5 * y**2) / 2


_FIXED: dict[Name, Surface] = {
    "rosenbrock": Surface(
        name="rosenbrock",
        loss=_rosenbrock,
        formula=r"f = (1 - x)^2 + 100\,(y - x^2)^2",
        about="A curved, flat valley between steep walls. Optimizers reach the valley quickly, but along it the gradient is small and "
        "changes its direction. "
        "Momentum keeps its speed along the valley, and L-BFGS, which estimates the curvature, follows the curve. Rosenbrock 1960.",
        frame=(-2.0, 2.0, -1.0, 3.0),
        start=(-1.5, 2.0),
        minima=((1.0, 1.0),),
    ),
    "beale": Surface(
        name="beale",
        loss=_beale,
        formula=r"f = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
        about="Flat plains, and walls that grow with the eighth power towards the corners: gradients differ by a factor of thousands. "
        "A single learning rate is too large on the walls or too small on the plains. Beale 1958.",
        frame=(-4.5, 4.5, -3.0, 3.0),
        start=(1.0, 1.5),
        minima=((3.0, 0.5),),
    ),
    "himmelblau": Surface(
        name="himmelblau",
        loss=_himmelblau,
        formula=r"f = (x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        about="Four minima with the same loss. The start and the optimizer decide which one is found: move the start a little and "
        "see how the paths separate. Himmelblau 1972.",
        frame=(-5.0, 5.0, -5.0, 5.0),
        start=(0.0, -0.5),
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
    ),
    "saddle": Surface(
        name="saddle",
        loss=_saddle,
        formula=r"f = \tfrac{1}{2} x^2 - \tfrac{1}{2} y^2 + \tfrac{1}{4} y^4",
        about="A saddle point at (0, 0) between two minima at (0, ±1). Near the line y = 0, the gradient component in y is tiny: "
        "plain SGD leaves the line slowly; optimizers that normalize the size of their steps (Adam, Lion) leave it sooner. Exactly on "
        "the line, no optimizer leaves it.",
        frame=(-2.0, 2.0, -1.6, 1.6),
        start=(-1.5, 0.001),
        minima=((0.0, 1.0), (0.0, -1.0)),
        lowest=-0.25,
    ),
    "noisy valley": Surface(
        name="noisy valley",
        loss=_valley,
        formula=r"f = \tfrac{1}{2} (\tfrac{1}{10} x^2 + 5 y^2),\quad g = \nabla f + \text{noise}",
        about="As with mini-batches, every gradient contains noise, which is the same for all optimizers. No optimizer converges: with a "
        "constant "
        "rate, each of them moves around the minimum in a cloud that is smaller for smaller rates. L-BFGS mistakes the noise for "
        "curvature.",
        frame=(-6.0, 6.0, -3.0, 3.0),
        start=(-5.0, 2.0),
        minima=((0.0, 0.0),),
        noise=1.0,
    ),
}
