"""`python -m core questions`: what it prints and how it exits, on a question that computes identities, which takes no time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.__main__ import main
from core.analysis.claims import Below
from core.experiments.claims.claim import Lab
from core.labs import identities
from core.questions import catalogue

FIELDS = {"id", "question", "claim", "verdict", "effect", "ci_low", "ci_high", "n", "threshold", "seconds"}
HOLDS = catalogue.questions()["02"]
FAILS = replace(HOLDS, id="02f", claims=tuple(replace(claim, claimed=Below(-1.0)) for claim in HOLDS.claims))
BROKEN = replace(HOLDS, id="02b", experiments=HOLDS.experiments | {"errors": Lab(identities.table, {"module": "nowhere", "seeds": 1})})


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('questions') / 's.db'}"


@pytest.fixture
def run(monkeypatch, capsys, store):
    """Runs the command on these three questions alone: (exit status, output, complaints)."""
    monkeypatch.setattr(catalogue, "questions", lambda: {each.id: each for each in (HOLDS, FAILS, BROKEN)})

    def command(*arguments):
        status = main(["questions", *arguments, "--store", store, "--workers", "1"])
        return status, *capsys.readouterr()

    return command


def test_a_claim_that_holds_and_one_that_fails_are_results(run):
    status, out, complaints = run("02", "02f")
    assert (status, complaints) == (0, "")
    lines = out.splitlines()
    heads = [line for line in lines if HOLDS.text in line]
    assert [line.split()[:2] for line in heads] == [["02", "holds"], ["02f", "fails"]]
    assert all(line.endswith(" s of one core)") for line in heads)
    for claim in HOLDS.claims:
        (held, failed) = (line.strip() for line in lines if line.strip().startswith(f"{claim.words}: "))
        assert held.endswith(": holds")
        assert failed.endswith("(8 seeds), claimed at most -1: fails")


def test_as_json_each_question_is_an_object_with_these_fields_and_what_is_stored_is_not_computed_again(run):
    first, again = (run("02f", "02", "--json") for _ in range(2))
    assert first == again
    rows = json.loads(first[1])
    assert [row["id"] for row in rows] == ["02f", "02"]
    assert all(set(row) == FIELDS for row in rows)
    assert [row["verdict"] for row in rows] == ["fails", "holds"]
    assert all((row["n"], row["ci_low"], row["ci_high"]) == (8, None, None) for row in rows), "an exact claim has no interval"
    assert rows[0]["threshold"] == -1.0
    assert 0 <= rows[1]["effect"] <= rows[1]["threshold"]


def test_where_one_cannot_be_run_the_others_are_printed_and_it_is_named(run):
    status, out, complaints = run()
    assert status == 1
    assert [line.split()[0] for line in out.splitlines() if HOLDS.text in line] == ["02", "02f"]
    assert complaints.startswith("python -m core: 02b: ")
    assert "nowhere" in complaints


def test_an_unknown_number_and_a_wrong_argument_are_refused(run):
    status, out, complaints = run("02", "99")
    assert (status, out) == (2, "")
    assert "99: no such question; there are: 02, 02f, 02b" in complaints
    with pytest.raises(SystemExit, match="2"):
        main(["questions", "--workers", "none"])


def test_the_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "core", "questions", "27"], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m core: 27: no such question; there are: 01, 02, ")
