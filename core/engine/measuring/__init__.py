"""What is measured of a stack, for each run separately."""
