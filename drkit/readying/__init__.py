"""Whether a rebuild begun now would get to its end, and why not: looked at, and nothing changed."""
