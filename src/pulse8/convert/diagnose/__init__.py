"""Where an INT8 file loses: which layer, by what, and what to do."""
