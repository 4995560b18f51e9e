"""The convert wing: from a checkpoint to a verified INT8 model, and on to a board folder."""
