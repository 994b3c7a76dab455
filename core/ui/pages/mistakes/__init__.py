"""The page of mistakes: the hidden runs and their charts."""
