"""Test of this installation on simulated people."""
