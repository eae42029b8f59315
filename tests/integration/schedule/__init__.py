"""A validation each night, in the hands of a systemd that is one."""
