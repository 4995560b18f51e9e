"""Pictures of traces, waves and comparisons."""
