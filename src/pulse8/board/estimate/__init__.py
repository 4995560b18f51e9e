"""Memory and time on the NPU, from the network's shapes alone."""
