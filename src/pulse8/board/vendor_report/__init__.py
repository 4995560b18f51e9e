"""What ST's tool reported about a model, and what of it must hold."""
