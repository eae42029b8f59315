"""From a plan to a graph of steps, and to all that is wrong with it. Pure functions."""
