"""What every page shows of a comparison's results."""
