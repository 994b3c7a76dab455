"""What is measured of a stack, each run for itself."""
