"""What charts are put together from: colours, bands, marks, axes, fewer points."""
