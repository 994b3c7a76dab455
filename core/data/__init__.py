"""The data sets: their settings, and how examples are read, checked, split and encoded. `sets` has a union of all of them."""
