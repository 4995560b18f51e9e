"""Reports of ST's tool about a model, and the gates that they must meet."""
