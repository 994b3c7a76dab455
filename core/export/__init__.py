"""Exported files: CSV tables, and a bundle of all tables with their comparison."""
