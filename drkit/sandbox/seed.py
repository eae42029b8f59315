"""The NoCloud seed of a host: what cloud-init reads in place of the metadata service.

User data is passed on as it is; of it only the host name is read here, because a container's
name is set from outside.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from drkit.sandbox.landscape import Host


def host_name(host: Host) -> str:
    """The ``hostname`` of cloud-config user data, else AWS's ``ip-10-64-0-4``."""
    fallback = "ip-" + host.address.replace(".", "-")
    if not host.user_data.startswith(b"#cloud-config"):
        return fallback
    try:
        document = yaml.safe_load(host.user_data)
    except yaml.YAMLError:
        return fallback
    named = document.get("hostname") if isinstance(document, dict) else None
    return named if isinstance(named, str) else fallback


def write(host: Host, folder: Path) -> None:
    """Write the seed into ``folder``, which only root reads: user data holds host keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    meta = {
        "instance-id": host.id,
        "local-hostname": host_name(host),
        "public-keys": [host.key] if host.key else [],
    }
    (folder / "meta-data").write_text(json.dumps(meta))
    (folder / "user-data").write_bytes(host.user_data)
