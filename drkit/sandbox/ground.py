"""The ground that everything stands on: floor routes first, then the endpoints' interface.

The floor is an "unreachable" route of the lowest preference for each range of the sandbox. While
it stands, a packet for a sandbox address whose real route is gone (a dead bridge, a host that was
removed) is refused here instead of following the default route off this machine. So it is laid
before the first network and lifted after the last.
"""

from __future__ import annotations

import json
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from drkit.sandbox import addresses
from drkit.sandbox.commands import CommandFailed, holds, run

METRIC = 4278198272
"""As low a preference as the kernel's own unreachable routes have."""
PROTOCOL = 212
"""The label of our routes: a routing protocol number that nobody else uses."""
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES = 2048


def owner() -> str | None:
    """The folder of the sandbox that stands on this machine, as the interface's alias says;
    None: there is none."""
    if not holds(["ip", "link", "show", addresses.INTERFACE]):
        return None
    (shown,) = json.loads(run(["ip", "-json", "link", "show", addresses.INTERFACE]))
    return str(shown.get("ifalias", ""))


def lay(owned_by: str) -> None:
    """Lay the floor, then put up the interface with the endpoints' addresses. Repeatable."""
    for network in addresses.FLOOR:
        if str(network) not in _unreachable():
            run(["ip", "route", "add", *_floor(str(network)), "proto", str(PROTOCOL)])
    if not holds(["ip", "link", "show", addresses.INTERFACE]):
        # A bridge without ports: unlike a dummy, every kernel that runs podman has it.
        run(["ip", "link", "add", addresses.INTERFACE, "type", "bridge"])
    run(["ip", "link", "set", addresses.INTERFACE, "alias", owned_by])
    silence_ipv6(addresses.INTERFACE)
    for address in sorted(
        {door.address for door in addresses.DOORS} | {addresses.NAME_SERVER, addresses.WORLD}
    ):
        run(["ip", "address", "replace", f"{address}/32", "dev", addresses.INTERFACE])
    run(["ip", "link", "set", addresses.INTERFACE, "up"])


def make_room() -> None:
    """Let as many systemds run as hosts may come up: each takes five inotify instances of root's,
    and at the usual 128 the 27th host comes up without sshd (measured). Stays until the machine is
    started again; a limit that is higher stays as it is.
    """
    if int(_INOTIFY.read_text()) < _INSTANCES:
        _INOTIFY.write_text(str(_INSTANCES))


def lift() -> None:
    """Take the interface away (and with it the routes of elastic IPs), then our floor.

    A floor that somebody else laid stays.
    """
    if holds(["ip", "link", "show", addresses.INTERFACE]):
        run(["ip", "link", "delete", addresses.INTERFACE])
    for network in _unreachable("proto", str(PROTOCOL)):
        run(["ip", "route", "delete", *_floor(network), "proto", str(PROTOCOL)])


def _floor(network: str) -> list[str]:
    return ["unreachable", network, "metric", str(METRIC)]


def _unreachable(*which: str) -> tuple[str, ...]:
    shown = run(["ip", "-json", "route", "show", "type", "unreachable", *which])
    return tuple(route["dst"] for route in json.loads(shown or "[]"))


def route_elastic(wanted: frozenset[str]) -> None:
    """Let this machine reach exactly these elastic IPs, as a customer: from the world's address.

    Each is a /32 route onto the endpoints' interface; the firewall turns the packet to the host.
    """
    listed = json.loads(run(["ip", "-json", "route", "show", "dev", addresses.INTERFACE]) or "[]")
    present = {route["dst"] for route in listed}
    for address in sorted(wanted - present):
        way = ("dev", addresses.INTERFACE, "src", addresses.WORLD)
        run(["ip", "route", "replace", f"{address}/32", *way])
    for address in sorted(present - wanted):
        run(["ip", "route", "delete", f"{address}/32", "dev", addresses.INTERFACE])


def hardware_address(address: str) -> str:
    """A MAC address that stays with an address: neighbours remember it across a restart."""
    return "02:42:" + ":".join(f"{part:02x}" for part in IPv4Address(address).packed)


def prepare_bridge(interface: str, gateway: str) -> None:
    """Make a network's bridge forward, heed the firewall inside, and speak IPv4 only.

    Its hardware address is set for good: a bridge's own choice changes with its ports, and then
    hosts lose their gateway for seconds whenever another host comes or goes.

    Forwarding is switched on for this one interface, so the machine does not become a router.
    Without br_netfilter hosts of a lost region could still speak among themselves.
    """
    Path(f"/proc/sys/net/ipv4/conf/{interface}/forwarding").write_text("1")
    silence_ipv6(interface)
    for port in Path(f"/sys/class/net/{interface}/brif").glob("*"):
        with suppress(OSError):  # another host of the network may go, and its port with it
            silence_ipv6(port.name)
    run(["ip", "link", "set", interface, "address", hardware_address(gateway)])
    if not Path("/proc/sys/net/bridge").exists():
        try:
            run(["modprobe", "br_netfilter"])
        except CommandFailed:
            return
    run(["ip", "link", "set", interface, "type", "bridge", "nf_call_iptables", "1"])


def silence_ipv6(interface: str) -> None:
    """Firewall and floor are for IPv4: nothing may pass beside them."""
    switch = Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
    if switch.exists():
        switch.write_text("1")
