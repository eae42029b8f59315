"""What the sandbox needs of this machine, and how to get what is missing.

It refuses to start anything before all of it is there, and names everything at once.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from drkit.errors import ConfigurationError, Problem

PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "iptables-restore": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "nginx": "nginx-light",
    "openssl": "openssl",
}
"""Program → the Debian package that has it."""
BUILDERS = {"mmdebstrap": "mmdebstrap"}
LIBRARIES = ("moto", "flask", "flask_cors", "dnslib")
NETAVARK = (Path("/usr/lib/podman/netavark"), Path("/usr/libexec/podman/netavark"))


def problems(*, build: bool) -> tuple[Problem, ...]:
    """All that is missing; ``build``: the image has to be built too."""
    found = []
    if os.geteuid() != 0:
        found.append(
            Problem(
                place="user",
                message="the sandbox makes networks and hosts, which needs root",
                remedy="run it as root, or with sudo",
            )
        )
    wanted = PROGRAMS | (BUILDERS if build else {})
    missing = [package for program, package in wanted.items() if shutil.which(program) is None]
    if not any(path.exists() for path in NETAVARK):
        missing.append("netavark")
    if missing:
        packages = " ".join(sorted(set(missing)))
        found.append(
            Problem(
                place="machine",
                message=f"missing: {packages}",
                remedy=f"apt-get install --no-install-recommends {packages}",
            )
        )
    if absent := [name for name in LIBRARIES if find_spec(name) is None]:
        found.append(
            Problem(
                place="Python",
                message=f"missing: {', '.join(absent)}",
                remedy="install drkit[sandbox]",
            )
        )
    return tuple(found)


def require(*, build: bool) -> None:
    """Raises ConfigurationError with everything that is missing."""
    if found := problems(build=build):
        raise ConfigurationError("this machine cannot hold a sandbox yet", problems=found)
