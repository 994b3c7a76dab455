"""Training on several workers, simulated."""
