"""The reference of all choices: complete, and its page current."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.choices import schema
from core.choices.models import Mlp
from core.choices.optimizers import Rprop
from core.choices.training import Training
from core.reference import entries, marked, reference_markdown, reference_text
from core.settings import SettingsError

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_of_choices_is_current():
    assert (DOCS / "choices.md").read_text(encoding="utf-8") == reference_markdown(), "run `make docs`"


def test_what_regularizes_says_so_at_its_field():
    assert set(marked("regularizes")) == {
        *("penalty", "model.dropout", "model.input_dropout", "optimizer.weight_decay"),
        *("training.label_smoothing", "training.mixup", "training.input_noise", "training.gradient_noise"),
    }


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.path}-{entry.kind}")
def test_every_kind_and_field_says_what_it_is(entry):
    assert entry.summary
    assert len(entry.summary) <= 140
    for name, field in entry.fields():
        assert field.description, f"{entry.path}.{name} has no description"


@pytest.mark.parametrize(
    ("cls", "name", "said"),
    [
        (Mlp, "hidden", "each from 1 to 4096"),
        (Mlp, "width", "from 1 to 4096 or none"),
        (Training, "batch_size", "from 1 to 1000000 or full"),
        (Rprop, "etas", "above 0 below 1, then above 1 to 100"),
    ],
)
def test_bounds_are_said_wherever_they_stand(cls, name, said):
    assert schema.allowed(cls, name) == said


def test_one_choice_can_be_asked_for():
    text = reference_text("optimizer")
    assert 'optimizer = "adam"' in text
    assert "lr = 0.001 (above 0 to 1000)" in text
    assert "data" not in {line.split(" ")[0] for line in text.splitlines()}


def test_an_unknown_choice_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match=r"optimiser: no such choice; there are: data, model"):
        reference_text("optimiser")
