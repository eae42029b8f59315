"""A validation each night by systemd: what is written, what systemd is told, who is told."""
