"""INT8 against FP32: figures, gates, verdict."""
