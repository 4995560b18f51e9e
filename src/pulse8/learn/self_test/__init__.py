"""Whether this installation works, tried on simulated people."""
