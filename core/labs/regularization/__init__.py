"""The effect of penalties and stopping rules on weights."""
