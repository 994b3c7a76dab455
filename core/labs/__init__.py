"""Experiments that are not training runs."""
