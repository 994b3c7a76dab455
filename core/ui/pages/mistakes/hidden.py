"""Runs with one mistake each, hidden behind letters: the mistake behind each letter, and the number of right guesses."""

from __future__ import annotations

import inspect
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.choices.mistakes import NoMistake
from core.comparison import Comparison
from core.experiments.mistakes import HEALTHY, MISTAKES, SEEDS
from core.settings import RunSettings, SettingsError

SEES = "One sees: "


@dataclass(frozen=True)
class Hidden:
    """One assignment of the mistakes to letters; the same settings and number always give the same assignment."""

    base: RunSettings
    number: int = 1

    @cached_property
    def refused(self) -> dict[str, str]:
        """Why a mistake is left out with these settings, by its kind."""
        reasons = {kind: _reason(self.base, kind) for kind in MISTAKES}
        return {kind: reason for kind, reason in reasons.items() if reason}

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The mistakes that have an effect, and correct code, in the order of the choice."""
        return tuple(kind for kind in MISTAKES if kind not in self.refused)

    @cached_property
    def dealt(self) -> dict[str, str]:
        """The kind behind each name, `Run A` and so on."""
        order = list(self.kinds)
        random.Random(f"{self._plain.key} {self.number}").shuffle(order)
        return {f"Run {letter}": kind for letter, kind in zip(string.ascii_uppercase, order, strict=False)}

    @property
    def _plain(self) -> RunSettings:
        """The settings without a mistake."""
        return self.base.model_copy(update={"mistake": NoMistake()})

    @cached_property
    def comparison(self) -> Comparison:
        """One variant for each letter, all with the same seeds."""
        variants: list[dict[str, Any]] = [{"name": name, "mistake": {"kind": kind}} for name, kind in self.dealt.items()]
        return Comparison.load({"base": self._plain, "variants": variants, "seeds": SEEDS})

    def right(self, guesses: Mapping[str, str | None]) -> int:
        """The number of right guesses."""
        return sum(guesses.get(name) == kind for name, kind in self.dealt.items())


def _reason(base: RunSettings, kind: str) -> str:
    """Why the mistake is refused; empty if it is not refused."""
    if kind == HEALTHY:
        return ""
    try:
        RunSettings.model_validate(base.model_dump() | {"mistake": {"kind": kind}})
    except SettingsError as error:
        return str(error).removeprefix("mistake.kind: ").removeprefix(f"{kind} ").removeprefix("has no effect: ")
    return ""


def title_of(kind: str) -> str:
    """The title of a mistake, such as `Flipped sign`; for correct code, `Healthy`."""
    return "Healthy" if kind == HEALTHY else _first_line(kind).partition(":")[0]


def code_of(kind: str) -> str:
    """The description of a mistake, and its PyTorch code, as Markdown."""
    said = _first_line(kind).partition(": ")[2]
    return said[:1].upper() + said[1:]


def seen_of(kind: str) -> str:
    """The symptoms of a mistake; empty for correct code."""
    paragraphs = (inspect.getdoc(MISTAKES[kind]) or "").split("\n\n")
    lines = " ".join(" ".join(paragraphs).split())
    said = lines.partition(SEES)[2].partition(" Source: ")[0]
    return said[:1].upper() + said[1:]


def _first_line(kind: str) -> str:
    return (inspect.getdoc(MISTAKES[kind]) or "").partition("\n")[0]
