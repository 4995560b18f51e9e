"""Training, split by subject."""
