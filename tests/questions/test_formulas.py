"""Formulas are read by those who do not know them: each symbol in one is named in the text beside it."""

from __future__ import annotations

import re

import pytest

from core.questions.catalogue import questions

GREEK = dict(
    pair.split(":")
    for pair in "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ kappa:κ lambda:λ mu:μ nu:ν xi:ξ rho:ρ "
    "sigma:σ tau:τ phi:φ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Sigma:Σ Phi:Φ Psi:Ψ Omega:Ω".split()
)
WORDS = re.compile(r"\\(?:text|mathrm|operatorname|begin|end)\{[^}]*\}")
INDICES = re.compile(r"[_^](?:\{[^}]*\}|\\[A-Za-z]+|.)")
WITH_FORMULA = [question for question in questions().values() if question.formula]


def symbols(formula):
    """The letters of a formula, Latin and Greek, without those in words and in indices."""
    letters = WORDS.sub(" ", formula)
    greek = {GREEK[name] for name in re.findall(r"\\([A-Za-z]+)", letters) if name in GREEK}
    return greek | set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", INDICES.sub(" ", letters))))


def named(question):
    """The single letters that stand in a question's texts."""
    text = " ".join([question.answer, question.premise, *(option.why for option in question.options)])
    words = "".join(character if character.isalpha() else " " for character in text).split()
    return {word for word in words if len(word) == 1}


def test_symbols_are_the_letters_of_a_formula_and_not_its_words_or_indices():
    assert symbols(r"L_{\text{max}} = \eta\,\lambda_i \mathrm{ReLU}(w^\top x_k) + \tfrac{1}{2}\mathbb{E}[s^p]") == set("LηλwxEs")
    assert not symbols(r"\text{one batch: } \to 0")


@pytest.mark.parametrize("question", WITH_FORMULA, ids=lambda question: f"q{question.id}")
def test_every_symbol_of_a_formula_is_named_in_the_text_beside_it(question):
    assert symbols(question.formula)
    assert not symbols(question.formula) - named(question), question.formula
