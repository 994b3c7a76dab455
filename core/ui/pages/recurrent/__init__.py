"""The page of recurrent networks."""
