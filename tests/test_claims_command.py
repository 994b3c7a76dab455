"""`python -m core claims`, and the page that is written of it, on an experiment that trains in a moment."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.__main__ import main
from core.analysis.claims import Above
from core.comparison import Comparison
from core.experiments import catalogue
from core.experiments.claims.claiming import diverged, ends
from core.experiments.experiment import SEEDS, Experiment
from scripts import verdicts

TINY = Comparison.load(
    {
        "base": {"data": "iris", "model": {"kind": "mlp", "hidden": [4]}, "training": {"epochs": 1}},
        "vary": {"optimizer.lr": [0.001, 0.01]},
        "seeds": 2,
    }
)
CLAIMS = (
    ends("validation loss | at 0.01", Above(0), "val_loss", "lr=0.01"),
    diverged("seeds that diverge", Above(1), "lr=0.001"),
)
STATED = Experiment("somewhere", "Two rates", "Both are finite.", TINY, CLAIMS, doubt="Nothing diverges here.")
SILENT = Experiment("somewhere", "Nothing stated", "Look.", TINY)


@pytest.fixture(autouse=True)
def offered(monkeypatch):
    monkeypatch.setattr(catalogue, "experiments", lambda: {each.id: each for each in (STATED, SILENT)})


def test_verdict_effect_interval_seeds_and_seconds_of_each_are_printed_and_a_failed_claim_is_a_result(capsys, tmp_path):
    assert main(["claims", "--store", f"sqlite:///{tmp_path / 's.db'}", "--workers", "1"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.startswith("fails    somewhere: Two rates  (")
    assert head.endswith(" s of one core)")
    assert first.strip().startswith("validation loss | at 0.01: ")
    assert first.endswith(f"{SEEDS} seeds), claimed above 0: holds")
    assert second.strip() == f"seeds that diverge: 0 of {SEEDS} seeds, claimed at least 1: fails"


def test_as_json_each_is_an_object_with_its_parts_and_what_is_stored_is_not_measured_again(capsys, tmp_path):
    store = f"sqlite:///{tmp_path / 's.db'}"
    rows = []
    for _ in range(2):
        assert main(["claims", "somewhere", "--json", "--store", store, "--workers", "1"]) == 0
        rows.append(json.loads(capsys.readouterr().out))
    assert rows[0] == rows[1]
    (row,) = rows[0]
    assert {"id", "experiment", "claim", "verdict", "effect", "ci_low", "ci_high", "n", "threshold", "seconds"} <= set(row)
    assert [part["verdict"] for part in row["parts"]] == ["holds", "fails"]
    page = verdicts.page([], {}, [STATED], {row["id"]: row})
    assert "2 claims of 1 experiments: 1 holds, 1 fails, 0 unclear." in page
    assert "| somewhere | Two rates | validation loss \\| at 0.01: " in page
    assert "- **somewhere: Two rates**: Nothing diverges here." in page


def test_a_page_without_experiments_is_refused(capsys):
    assert main(["claims", "nowhere"]) == 2
    assert "nowhere: no page of that name has experiments; there are: somewhere" in capsys.readouterr().err


def test_the_page_is_written_and_a_claim_that_fails_without_a_likely_reason_is_named(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TANDEM_STORE", f"sqlite:///{tmp_path / 's.db'}")
    monkeypatch.setenv("TANDEM_WORKERS", "1")
    monkeypatch.setattr(verdicts, "FILE", tmp_path / "verdicts.md")
    monkeypatch.setattr(verdicts, "questions", dict)
    named = f"somewhere: Two rates: no likely reason is given: seeds that diverge: 0 of {SEEDS} seeds, claimed at least 1: fails\n"
    for stated, said in ((replace(STATED, doubt=""), named), (STATED, "")):
        monkeypatch.setattr(verdicts, "experiments", {stated.id: stated}.copy)
        assert verdicts.main() == bool(said)
        assert capsys.readouterr().err == said
        assert ("- **somewhere: Two rates**" in verdicts.FILE.read_text()) != bool(said)
