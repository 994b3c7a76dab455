"""The first comparisons of pages, home and questions."""
