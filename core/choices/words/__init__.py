"""Settings in words: written as short text, and refused in a sentence."""
