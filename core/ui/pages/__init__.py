"""The pages, one file or folder each. No page imports another."""
