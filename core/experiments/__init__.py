"""What pages, home and questions start with."""
