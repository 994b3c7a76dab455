"""Judgements from frames: statistics of comparisons. Knows only DataFrames."""
