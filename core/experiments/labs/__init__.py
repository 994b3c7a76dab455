"""Experiments that are labs: what a page with controls begins with, and what is claimed of it."""
