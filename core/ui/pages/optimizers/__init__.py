"""The page of optimizers."""
