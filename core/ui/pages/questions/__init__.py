"""The pages of questions: the catalogue, and one question with its guess, experiment and answer."""
