"""Text for places that read Markdown."""

from __future__ import annotations

from core.choices.words.texts import without_odd_signs


def escaped(text: str) -> str:
    """Text for a place that reads Markdown, so that it is shown literally and in the written order."""
    safe = "\n".join(map(without_odd_signs, text.split("\n")))
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|~<>$:&^=" else sign for sign in safe)
