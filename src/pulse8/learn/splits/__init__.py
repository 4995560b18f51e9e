"""Splits by subject into training, validation and test, asserted disjoint."""
