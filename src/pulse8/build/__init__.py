"""The build wing: from a checkpoint to a verified INT8 model."""
