"""The serial line to a board: its frames, the board test, recordings."""
