"""Experiments that are no training run."""
