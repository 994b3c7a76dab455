"""Pictures of labs that have a page of their own."""
