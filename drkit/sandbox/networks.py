"""Networks (VPCs) as podman networks: internal bridges with the VPC's own range.

"Internal" keeps podman from adding routes, masquerading or a name server of its own; all traffic
policy is the sandbox's firewall. Only networks with the sandbox's label are ever touched.
"""

from __future__ import annotations

import json

from drkit.errors import SandboxError
from drkit.sandbox.commands import exists, podman
from drkit.sandbox.landscape import Network

LABEL = "drkit.sandbox=1"


def name(identity: str) -> str:
    """podman's name for a network."""
    return f"drkit-{identity}"


def make(network: Network) -> str:
    """Create a network and return the interface of its bridge (which appears with its first
    host). One that is there with our label is taken: a try whose end was not heard made it.

    Raises CommandFailed, for instance when the range is in use, and SandboxError for a network of
    this name that is not ours."""
    if not exists("network", name(network.id)):
        podman(
            "network", "create", "--internal", "--disable-dns",
            "--label", LABEL, "--label", f"drkit.region={network.region}",
            "--subnet", str(network.cidr), "--gateway", network.gateway, name(network.id),
        )  # fmt: skip
    (described,) = json.loads(podman("network", "inspect", name(network.id)))
    label, _, value = LABEL.partition("=")
    if (described.get("labels") or {}).get(label) != value:
        raise SandboxError(
            f"the podman network {name(network.id)} is not the sandbox's",
            remedy=f"podman network rm {name(network.id)}",
        )
    return str(described["network_interface"])


def remove(identity: str) -> None:
    """Remove a network, unless it is gone already."""
    if exists("network", name(identity)):
        podman("network", "rm", name(identity))


def remove_all() -> tuple[str, ...]:
    """Remove every network of the sandbox by its label; returns their names."""
    listed = podman("network", "ls", "--filter", f"label={LABEL}", "--format", "{{.Name}}")
    names = tuple(listed.split())
    if names:
        podman("network", "rm", "--force", *names)
    return names
