"""Question 09: criteria for early stopping, judged on the test set that none of them saw."""

from __future__ import annotations

from typing import Any

from pandas import Series

from core.analysis.claims import Above, Below
from core.charts import answers
from core.charts.parts.specs import Picture
from core.comparison import Comparison
from core.experiments.claims.claim import Claim, Evidence
from core.experiments.claims.reading import at_end, mean, of, percent, spread
from core.questions.question import Figure, Option, Question, Turn

NEVER = "to the end"
PATIENCE = "patience on the loss"
BASE: dict[str, Any] = {
    "data": {"kind": "digits", "scale": "minmax", "label_noise": 0.3},
    "model": {"kind": "mlp", "hidden": [128, 128]},
    "optimizer": {"kind": "adam", "lr": 0.003},
    "training": {"epochs": 60},
}
RULES: dict[str, Any] = {
    NEVER: "none",
    PATIENCE: {"kind": "patience", "patience": 5},
    "patience on accuracy": {"kind": "patience", "patience": 5, "metric": "val_accuracy"},
    "patience on macro F1": {"kind": "patience", "patience": 5, "metric": "val_f1"},
    "patience, min_delta 0.01": {"kind": "patience", "patience": 5, "min_delta": 0.01},
    "loss below 0.5": {"kind": "threshold", "target": 0.5},
    "loss rises 3 times in a row": {"kind": "rise", "evaluations": 3},
    "no change in 5 evaluations": {"kind": "no_change", "evaluations": 5},
    "mean change is small": {"kind": "mean_change"},
}


def compared(**changes: Any) -> Comparison:
    """One network under each rule."""
    return Comparison.load({"base": {**BASE, **changes}, "variants": [{"name": n, "stopping": r} for n, r in RULES.items()], "seeds": 8})


def losses_on_test(evidence: Evidence) -> tuple[Series, Series]:
    """Test loss of the run that was stopped, and of the one that was not."""
    losses = at_end(evidence, "rules", "test_loss")
    return of(losses, PATIENCE), of(losses, NEVER)


def accuracies_on_test(evidence: Evidence) -> tuple[Series, Series]:
    """Their test accuracies."""
    accuracies = at_end(evidence, "rules", "test_accuracy")
    return of(accuracies, PATIENCE), of(accuracies, NEVER)


def headline(evidence: Evidence) -> str:
    """When patience on the loss stops, and what that is worth."""
    (loss, end), (right, whole) = ((mean(side) for side in sides(evidence)) for sides in (losses_on_test, accuracies_on_test))
    epoch = mean(of(at_end(evidence, "rules", "epoch"), PATIENCE))
    return (
        f"Patience on the validation loss stops after {epoch:.0f} epochs on average, at a test loss of {loss:.2f} with {percent(right)} "
        f"of the test examples right. Trained to the end it is {end:.2f}, with {percent(whole)}."
    )


def epochs(evidence: Evidence) -> Picture:
    """When each rule stops."""
    stopped = at_end(evidence, "rules", "epoch")
    rows = [(rule, "epochs", of(stopped, rule)) for rule in RULES]
    return answers.cases(spread(rows), cases=list(RULES), kinds=["epochs"], title="epochs until it stops")


def picture(evidence: Evidence) -> Picture:
    """Test loss under each rule."""
    losses = at_end(evidence, "rules", "test_loss")
    rows = [(rule, "test loss", of(losses, rule)) for rule in RULES]
    return answers.cases(spread(rows), cases=list(RULES), kinds=["test loss"], title="test loss (nats)", zero="perfect")


QUESTION = Question(
    id="09",
    text="Which criteria are there for early stopping?",
    terms=("early stopping", "overfitting", "patience", "min_delta", "regularization"),
    topic="regularization",
    premise="Three training labels in ten are wrong. The training loss falls for all of 60 epochs; the validation loss turns after some.",
    ask="What does stopping at the turn do to the loss on test data, which no rule has seen?",
    options=(
        Option(
            "It is higher: more training is better",
            "It fits the training labels better, and three in ten of them are wrong.",
            belief="The training loss was still falling.",
        ),
        Option(
            "No difference: the rule saw other data",
            "Both sets are from one source, so their turns come at about the same epoch.",
            belief="It never looked at the test set.",
        ),
        Option(
            "It is lower",
            "What is learned after the turn is mostly the wrong labels.",
            right=True,
            belief="The validation loss was about to rise.",
        ),
    ),
    experiments={"rules": compared()},
    claims=(
        Claim("test loss, stopped divided by trained to the end", "ratio", Below(0.85), losses_on_test),
        Claim("test accuracy, stopped minus trained to the end", "difference", Above(0.05), accuracies_on_test),
    ),
    headline=headline,
    picture=picture,
    figures=(Figure("When each rule stops.", epochs),),
    formula=r"\text{stop at } t \text{ when } \min_{t-p < s \le t} L_{\mathrm{val}}(s) > \min_{s \le t-p} L_{\mathrm{val}}(s) - \delta",
    answer=(
        "All rules watch a score on held-out data. The usual one stops when the validation loss has found no new best for p epochs (the "
        "patience), where only a gain above a small δ (min_delta) counts; L is that loss, t the epoch now, s an earlier one. Others watch "
        "accuracy or macro F1 instead (the mean over the classes of F1, which weighs misses against false alarms), stop when the loss is "
        "below a threshold, when it has risen for some epochs in a row, or when its mean change is small. A threshold needs a loss that "
        "one knows beforehand, and a rise in a row may come late on a loss that jumps. Accuracy and F1 turn a little earlier or later "
        "than the loss and are coarser. The score that chose the moment flatters itself, so the result is judged on test data. Where "
        "there is hardly any overfitting, early stopping saves time and little else."
    ),
    page="pages/early_stopping.py",
    turns=(
        Turn("Clean labels", "Is there a turn at all?", compared(data={"kind": "digits", "scale": "minmax"})),
        Turn("A small network", "When does it stop?", compared(model={"kind": "mlp", "hidden": [16]})),
    ),
    sources=("Prechelt 1998, Early Stopping: But When?", "Goodfellow, Bengio & Courville 2016, section 7.8"),
)  # fmt: skip
