"""What is shown of frames: bands over seeds, measures by layer, the gap, what rules give, bins, lines of equal value."""
