"""The details below the curves, one tab each."""
