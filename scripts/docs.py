"""Writes docs/choices.md from the settings classes."""

from __future__ import annotations

from pathlib import Path

from core.reference import reference_markdown

TARGET = Path(__file__).parent.parent / "docs" / "choices.md"

if __name__ == "__main__":
    TARGET.write_text(reference_markdown(), encoding="utf-8")
