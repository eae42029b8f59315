"""The commands as an operator types them, against one sandbox with one deployed shop."""
