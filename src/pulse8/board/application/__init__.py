"""The whole application on the board: whether it fits into the time between frames."""
