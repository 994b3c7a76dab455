"""Experiments that are labs: the start values of a page with controls, and the claims about its result."""
