"""What is wrong with a run, told from what was measured of it."""
