"""Who runs this command, as every record names them."""

from __future__ import annotations

import getpass
import socket


def operator() -> str:
    """``user@host`` of whoever runs this; not proven."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
