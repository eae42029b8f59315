"""Fakes that implement the ports and nothing of our own code; and small plans to feed it."""
