"""The learn wing: recordings with known truth, data sets, models, training."""
