"""The page of pruning."""
