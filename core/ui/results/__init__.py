"""The parts that every page uses to show a comparison's results."""
