"""The parts of charts: colours, bands, marks, axes, and the reduction of points."""
