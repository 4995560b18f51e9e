"""The best INT8 options for one model, by their cost in BPM."""
