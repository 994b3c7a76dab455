"""Data for charts: bands over seeds, measures by layer, the generalisation gap, results of stopping rules, bins, contour lines."""
