"""The page of normalization."""
