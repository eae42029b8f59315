"""The sink and the canary of a drill, on the loopback."""
