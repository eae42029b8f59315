"""Real processes: how a try ends, and that nothing of it survives its end."""
