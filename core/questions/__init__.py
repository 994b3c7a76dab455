"""The questions: one file each, found by their names. `catalogue.questions()` has them all."""
