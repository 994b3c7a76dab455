"""The page of the playground: chips, and a player in the browser."""
