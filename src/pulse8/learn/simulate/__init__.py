"""Recordings with known truth, simulated."""
