"""Filters, spectrum, heart rate, quality, classical methods, metrics."""
