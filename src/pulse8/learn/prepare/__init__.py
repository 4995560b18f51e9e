"""Raw data sets, or simulated people, to stores, windows and data files."""
