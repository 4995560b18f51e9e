"""From a stretch of cell traces to its rates and wave, by the network or by a classical method."""
