"""Text for places that read Markdown."""

from __future__ import annotations

from core.choices.words.texts import without_odd_signs


def escaped(text: str) -> str:
    """Text for a place that reads Markdown, so that it stays as it is written, and in the order in which it is written."""
    safe = "\n".join(map(without_odd_signs, text.split("\n")))
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|~<>$:&^=" else sign for sign in safe)
