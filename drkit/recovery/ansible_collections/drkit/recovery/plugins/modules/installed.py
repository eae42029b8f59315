"""Reads what a host runs on: its system, its kernel, its packages. Changes nothing.

Refuses nothing: of a system without dpkg it tells no packages.
"""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: installed
short_description: What a host runs on
description:
  - The release of its system, its kernel, and its packages with their versions, by dpkg's own file.
options: {}
author: drkit
"""

EXAMPLES = r"""
- name: Note what is installed
  drkit.recovery.installed:
"""

RETURN = r"""
installed:
  description: C(release), C(kernel) and C(packages), name to version.
  type: dict
  returned: always
key:
  description: The same for hosts that have the same.
  type: str
  returned: always
"""

STATUS = Path("/var/lib/dpkg/status")
RELEASE = Path("/etc/os-release")


def release(text: str) -> str:
    """Return the name that os-release(5) has for people."""
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return settings.get("PRETTY_NAME", "").strip().strip("\"'")


def packages(text: str) -> dict[str, str]:
    """Return the version of each package that dpkg's status file has as installed. Of one that is
    there for several architectures, that of the last.
    """
    found = {}
    for entry in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1)
            for line in entry.splitlines()
            if line.startswith(("Package: ", "Status: ", "Version: "))
        )
        if fields.get("Status", "").endswith(" installed") and "Version" in fields:
            found[fields["Package"]] = fields["Version"]
    return found


def read(path: Path) -> str:
    """Return what is in the file; nothing where there is none."""
    return path.read_text(errors="replace") if path.is_file() else ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    found: dict[str, Any] = {
        "release": release(read(RELEASE)),
        "kernel": platform.release(),
        "packages": packages(read(STATUS)),
    }
    key = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12]
    module.exit_json(changed=False, installed=found, key=key)


if __name__ == "__main__":
    main()
