"""What comes of labs that are no training run, from the frames that they give."""
