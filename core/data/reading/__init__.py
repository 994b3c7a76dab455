"""From the bytes of a user's table to columns of numbers, categories and dates."""
