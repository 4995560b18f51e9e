"""Where an INT8 file loses accuracy: in which layer, why, and what to do."""
