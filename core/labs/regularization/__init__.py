"""What penalties and stopping rules do to weights."""
