"""The page of mistakes: the hidden runs, and what is drawn of them."""
