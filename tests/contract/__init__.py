"""The same cases against every implementation of a port."""
