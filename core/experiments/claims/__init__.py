"""Claims: their definition, the numbers that they read from the results, and the measurement."""
