"""Statistics and judgements of comparisons, computed from DataFrames. This package imports nothing of settings or engine."""
