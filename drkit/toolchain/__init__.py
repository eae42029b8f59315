"""Which tools a run needs, which are here, and how to get those that are not."""
