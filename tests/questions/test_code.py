"""Code that is shown with an answer is Python that runs by itself."""

from __future__ import annotations

import numpy as np

from core.questions.catalogue import questions


def test_the_network_of_question_03_runs_as_shown():
    names = {"__name__": "shown"}
    exec(compile(questions()["03"].code, "shown", "exec"), names)
    kept = names["draw_keep"]((20_000,), 0.25, np.random.default_rng(0))
    assert abs(names["dropout"](np.ones(20_000), kept, 0.25).mean() - 1) < 0.02


def test_code_that_is_shown_compiles():
    shown = {question.id: question.code for question in questions().values() if question.code}
    assert "03" in shown
    for name, code in shown.items():
        assert compile(code, name, "exec"), name
