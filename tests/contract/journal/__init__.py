"""The same cases against every journal, and what only a file can suffer."""
