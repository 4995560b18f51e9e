"""The whole application on the board: what fits, and what the guide promised."""
