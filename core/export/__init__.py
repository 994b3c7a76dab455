"""What a user takes away: CSV, and a bundle of all the tables with the comparison that made them."""
