"""The serial line to a board: its frames, its self-test, its recordings."""
