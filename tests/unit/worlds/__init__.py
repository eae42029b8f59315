"""Which cloud a plan is for, and with whose credentials."""
