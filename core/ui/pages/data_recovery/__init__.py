"""The page of data recovery: what updates and weights give away of the training data."""
