"""Each adapter speaks to one tool or one format. Adapters do not import each other's tools."""
