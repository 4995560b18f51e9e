"""Where an INT8 file loses accuracy: which layer, why, and how to fix it."""
