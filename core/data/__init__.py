"""The data sets: their settings, and how examples are read, judged, split and encoded. A union of all of them is in `sets`."""
