"""The whole application on the board: what fits into the time between frames."""
