"""The best INT8 options for one model, by what it costs in BPM."""
