"""The machine's own rules, as text for iptables-restore: pure functions of the landscape.

All of it is in chains named DRKIT-*, entered by one jump each, and bound to the interfaces of the
sandbox's bridges, never to address ranges alone: nobody else's traffic meets a rule of ours.

What may pass: within a network everything (security groups judge it in the hosts); from a host
with a way out to the endpoints' port 443 and to elastic IPs; from every host to the name server;
from this machine to elastic IPs only, so private hosts are reached through a jump host alone.
Everything else from or to a host is dropped. Between networks a host is seen under its elastic
IP or that of its NAT gateway; nothing is masqueraded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drkit.sandbox import addresses
from drkit.sandbox.commands import CommandFailed, holds, run
from drkit.sandbox.landscape import Landscape

KNOWN = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
TURNED = f"-m conntrack --ctstate DNAT --ctorigdst {addresses.ELASTIC}"
"""What was sent to an elastic IP and turned to its host: by our DNAT, and by nobody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    table: str
    origin: str
    chain: str

    @property
    def rule(self) -> list[str]:
        return [self.origin, "-j", self.chain]


JUMPS = (
    Jump(table="filter", origin="INPUT", chain="DRKIT-INPUT"),
    Jump(table="filter", origin="FORWARD", chain="DRKIT-FORWARD"),
    Jump(table="filter", origin="OUTPUT", chain="DRKIT-OUTPUT"),
    Jump(table="nat", origin="PREROUTING", chain="DRKIT-ELASTIC"),
    Jump(table="nat", origin="OUTPUT", chain="DRKIT-ELASTIC"),
    Jump(table="nat", origin="POSTROUTING", chain="DRKIT-SHOWN"),
    Jump(table="raw", origin="PREROUTING", chain="DRKIT-LOST"),
    Jump(table="raw", origin="OUTPUT", chain="DRKIT-LOST"),
)
CHAINS = {
    "filter": (
        "DRKIT-INPUT", "DRKIT-FORWARD", "DRKIT-OUTPUT", "DRKIT-ENTER", "DRKIT-LEAVE",
    ),
    "nat": ("DRKIT-ELASTIC", "DRKIT-SHOWN"),
    "raw": ("DRKIT-LOST",),
}  # fmt: skip


def rules(landscape: Landscape, bridges: Mapping[str, str]) -> str:
    """The filter and nat tables' own chains, whole. ``bridges``: network id → interface."""
    lines = ["*filter", *_declared("filter"), *_filter(landscape, bridges), "COMMIT"]
    lines += ["*nat", *_declared("nat"), *_nat(landscape, bridges), "COMMIT"]
    return "\n".join(lines) + "\n"


def _declared(table: str) -> list[str]:
    return [f":{chain} - [0:0]" for chain in CHAINS[table]]


def _filter(landscape: Landscape, bridges: Mapping[str, str]) -> Iterator[str]:
    for _, bridge in sorted(bridges.items()):
        yield f"-A DRKIT-INPUT -i {bridge} -j DRKIT-ENTER"
        yield f"-A DRKIT-FORWARD -i {bridge} -o {bridge} -j ACCEPT"
        yield f"-A DRKIT-FORWARD -i {bridge} -j DRKIT-LEAVE"
        yield f"-A DRKIT-OUTPUT -o {bridge} {KNOWN}"
        yield f"-A DRKIT-OUTPUT -o {bridge} {TURNED} -j ACCEPT"
        yield f"-A DRKIT-OUTPUT -o {bridge} -j REJECT --reject-with icmp-admin-prohibited"
    # What enters a bridge from an interface that is not ours comes from another machine.
    for _, bridge in sorted(bridges.items()):
        yield f"-A DRKIT-FORWARD -o {bridge} -j DROP"
    yield f"-A DRKIT-ENTER {KNOWN}"
    yield f"-A DRKIT-LEAVE {KNOWN}"
    for protocol in ("udp", "tcp"):
        server = f"-d {addresses.NAME_SERVER} -p {protocol} --dport 53"
        yield f"-A DRKIT-ENTER {server} -j ACCEPT"
    for host in landscape.running():
        if host.seen_as and host.network in bridges:
            way = f"-s {host.address} -i {bridges[host.network]}"
            endpoints = f"-d {addresses.ENDPOINTS} -p tcp --dport 443"
            yield f"-A DRKIT-ENTER {way} {endpoints} -j ACCEPT"
            yield f"-A DRKIT-LEAVE {way} {TURNED} -j ACCEPT"
    yield "-A DRKIT-ENTER -j DROP"
    yield "-A DRKIT-LEAVE -j DROP"


def _nat(landscape: Landscape, bridges: Mapping[str, str]) -> Iterator[str]:
    for host in landscape.running():
        if host.network not in bridges:
            continue
        if host.public:
            yield f"-A DRKIT-ELASTIC -d {host.public} -j DNAT --to-destination {host.address}"
        if host.seen_as:
            yield f"-A DRKIT-SHOWN -s {host.address} {TURNED} -j SNAT --to-source {host.seen_as}"


def enter() -> None:
    """Make the chains and the jumps into them, first in line. Repeatable."""
    for table, chains in CHAINS.items():
        present = run(["iptables", "-w", "-t", table, "-S"])
        for chain in chains:
            if f"-N {chain}\n" not in present:
                run(["iptables", "-w", "-t", table, "-N", chain])
    for jump in JUMPS:
        if not holds(["iptables", "-w", "-t", jump.table, "-C", *jump.rule]):
            run(["iptables", "-w", "-t", jump.table, "-I", *jump.rule])


def apply(text: str) -> None:
    """Replace our chains by ``text`` at once, leaving everybody else's alone."""
    run(["iptables-restore", "-w", "--noflush"], given=text)


def leave() -> None:
    """Remove jumps and chains, also those that a crashed sandbox left. Repeatable."""
    for jump in JUMPS:
        while holds(["iptables", "-w", "-t", jump.table, "-C", *jump.rule]):
            run(["iptables", "-w", "-t", jump.table, "-D", *jump.rule])
    for table in CHAINS:
        chains = [
            line.split()[1]
            for line in run(["iptables", "-w", "-t", table, "-S"]).splitlines()
            if line.startswith("-N DRKIT-")
        ]
        for option in ("-F", "-X"):
            for chain in chains:
                run(["iptables", "-w", "-t", table, option, chain])


def counters(table: str, chain: str) -> dict[str, int]:
    """Comment of each rule of a chain → packets that met it; {} where there is no chain."""
    try:
        listed = run(["iptables", "-w", "-t", table, "-vS", chain])
    except CommandFailed:
        return {}
    found: dict[str, int] = {}
    for line in listed.splitlines():
        words = line.split()
        if "--comment" in words and "-c" in words:
            comment = words[words.index("--comment") + 1].strip('"')
            found[comment] = found.get(comment, 0) + int(words[words.index("-c") + 1])
    return found
