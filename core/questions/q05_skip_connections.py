"""Question 05: plain against residual networks, from 2 to 32 layers."""

from __future__ import annotations

from core.analysis.claims import Above, Below
from core.charts import compression as charts
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import last, mean, of, percent, points, sides
from core.questions.question import Option, Question, Turn

DEPTHS = (2, 8, 32)
MODEL = {"kind": "mlp", "width": 32, "depth": 2, "normalization": "layer"}
BASE = {
    "model": MODEL,
    "optimizer": {"kind": "sgd", "lr": 0.02, "momentum": 0.9},
    "training": {"epochs": 10},
}


def name(depth: int, *, skip: bool) -> str:
    """The variant's name."""
    return f"{'residual' if skip else 'plain'}, {depth} layers"


def compared(**model: object) -> Comparison:
    """Plain and residual networks of each depth, with changes to the network."""
    variants = [{"name": name(depth, skip=skip), "model.depth": depth, "model.skip": skip} for skip in (False, True) for depth in DEPTHS]
    return Comparison.load({"base": BASE | {"model": MODEL | model}, "variants": variants, "seeds": 5})


def headline(evidence: Evidence) -> str:
    """What depth does to either."""
    accuracy = last(evidence, "depths", "train_accuracy")
    shallow, deep, residual = (mean(of(accuracy, name(depth, skip=skip))) for depth, skip in ((8, False), (32, False), (32, True)))
    return (
        f"On their own training data 8 plain layers get {percent(shallow)} right, 32 get {percent(deep)}. "
        f"With skip connections 32 layers get {percent(residual)}."
    )


def picture(evidence: Evidence) -> Picture:
    """Training accuracy against depth."""
    places = [(name(depth, skip=skip), "residual" if skip else "plain", depth) for skip in (False, True) for depth in DEPTHS]
    frame = points(last(evidence, "depths", "train_accuracy"), places, "depth")
    return charts.trade_off(
        frame, variants=["plain", "residual"], x="depth", x_title="hidden layers (logarithmic)", y_title="training accuracy", width=800
    )


QUESTION = Question(
    id="05",
    text="What is the motivation for skip connections?",
    terms=("ResNet", "residual connection", "skip connection", "degradation", "deep network", "depth"),
    topic="architecture",
    premise="A network of 8 layers fits its training data. It is made 32 layers deep, without and with skip connections. All have layer "
    "norm and are trained for 10 epochs of SGD with momentum.",
    ask="What becomes of the plain network of 32 layers?",
    options=(
        Option(
            "It overfits",
            "Overfitting would leave the training accuracy high. It is the training accuracy that falls here.",
            belief="More layers are more parameters.",
        ),
        Option(
            "It cannot even fit its training data",
            "More layers could do no worse, but the optimizer no longer finds how.",
            right=True,
            belief="Perhaps the optimizer no longer finds how.",
        ),
        Option(
            "Nothing much, it is only slower",
            "With the same number of epochs it ends near guessing, while the shallow one fits.",
            belief="The extra layers could just copy their input.",
        ),
    ),
    experiments={"depths": compared()},
    claims=(
        Claim(
            "training loss at 32 layers, the residual network's divided by the plain one's", "ratio", Below(0.1),
            sides("depths", "train_loss_eval", name(32, skip=True), name(32, skip=False)),
        ),
        Claim(
            "training accuracy of the plain network, 8 layers minus 32", "difference", Above(0.3),
            sides("depths", "train_accuracy", name(8, skip=False), name(32, skip=False)),
        ),
        Claim(
            "training accuracy of the residual network, 8 layers minus 32", "difference", Below(0.05),
            sides("depths", "train_accuracy", name(8, skip=True), name(32, skip=True)),
        ),
    ),
    headline=headline,
    picture=picture,
    formula=r"h_{l+1} = h_l + f_l(h_l), \qquad \frac{\partial h_L}{\partial h_l} = \prod_{k=l}^{L-1} \left(I + f_k'(h_k)\right)",
    answer=(
        "A deeper network could copy what a shallower one does, so it should fit at least as well. It does not: its loss on the *training* "
        "data is higher. So this is no overfitting; the optimizer fails. In a plain network the gradient of an early layer is a product of "
        "one matrix a layer, which shrinks or scatters with depth. A skip connection adds the layer's input h to its output f(h), and each "
        "factor becomes the identity I plus something. Then the gradient has a way through all layers, and a layer that has nothing to add "
        "can leave its input as it is."
    ),
    usual="Skip connections are often said to make any deep network trainable. Without normalization, or a small start, they do the "
    "opposite: every layer adds to the size of the signal, which explodes.",
    page="pages/gradient_flow.py",
    turns=(
        Turn("No normalization", "Which of the two diverges at 32 layers?", compared(normalization="none")),
        Turn("Batch norm", "Is the gap as wide as with layer norm?", compared(normalization="batch")),
    ),
    sources=("He, Zhang, Ren & Sun 2015, arXiv:1512.03385",),
)  # fmt: skip
