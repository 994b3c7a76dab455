"""The page of data recovery: what updates and weights reveal about the training data."""
