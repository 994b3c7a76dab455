"""Charts of labs that have their own page."""
