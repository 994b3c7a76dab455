"""What the pages of labs begin with, a file a page."""
