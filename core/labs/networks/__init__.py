"""What networks do at their initial weights, layer by layer, and what the smallest networks can do."""
