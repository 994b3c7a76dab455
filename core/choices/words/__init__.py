"""Settings in words: written as short text, and refused with a sentence."""
