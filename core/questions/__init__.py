"""The questions: one file each, found by their names. `catalogue.questions()` returns all of them."""
