"""Networks of R runs at once, and the plain ones that they stand for."""
