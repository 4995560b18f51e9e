"""Towards the board: what can be known before there is one, and what goes onto it."""
