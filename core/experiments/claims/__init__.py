"""Claims: what they are, what they take from what was measured, and how that is measured."""
