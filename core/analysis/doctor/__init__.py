"""Diagnoses of runs from their measurements."""
