"""The questions: the catalogue of all, and one of them with its guess, experiment and answer."""
