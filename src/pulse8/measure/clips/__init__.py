"""Traces from files, resampling, windows."""
