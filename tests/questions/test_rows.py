"""What the command line prints of an answer is JSON, also where a claim has no interval or an effect without bound."""

from __future__ import annotations

import json
from dataclasses import replace

from pandas import Series

from core.analysis.claims import Above, Below, judge
from core.questions.catalogue import questions
from core.questions.measuring import Answer


def test_a_row_has_none_where_there_is_no_number():
    question = next(iter(questions().values()))
    exact = judge("exact", Below(1e-12), Series([0.0, 1e-15]))
    never = judge("mean", Above(1.0), Series([float("inf")] * 8))
    parts = tuple([exact, never, *[exact] * len(question.claims)][: len(question.claims)])
    row = json.loads(json.dumps(Answer(question, parts, "It was so.", 1.0).row(), allow_nan=False))
    assert row["parts"][0] | {"claim": "", "sentence": ""} == {
        "claim": "", "sentence": "", "verdict": "holds", "effect": 1e-15, "ci_low": None, "ci_high": None, "n": 2, "threshold": 1e-12,
    }  # fmt: skip
    assert row["parts"][1]["effect"] is None


def test_a_kept_verdict_is_made_anew_where_its_headline_is_worded_anew():
    question = next(iter(questions().values()))
    reworded = replace(question, headline=lambda evidence: "It is said otherwise now.")
    assert reworded.key != question.key
    assert replace(question, answer="Another answer.").key == question.key, "which is no part of what is kept"
