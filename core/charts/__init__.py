"""Charts: a DataFrame in, an Altair chart out. No query, no state, and no colour of text: the page's theme does light and dark."""
