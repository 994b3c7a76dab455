"""The page of regularization."""
