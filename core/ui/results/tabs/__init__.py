"""What lies behind the curves, a tab each."""
