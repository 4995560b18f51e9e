"""Data sets on disk and their splits by subject."""
