"""Security groups as a packet filter inside each host's network namespace: pure text.

As on AWS: what no group permits is dropped, answers to permitted traffic pass, and the network's
name server is always reachable. A rule that names a group means the hosts that are in it now.
"""

from __future__ import annotations

from collections.abc import Iterator

from drkit.sandbox import addresses
from drkit.sandbox.landscape import Direction, Host, Landscape, Rule


def rules(host: Host, landscape: Landscape) -> str:
    """The whole filter table of a host, for iptables-restore."""
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT DROP [0:0]"]
    for chain, interface in (("INPUT", "-i lo"), ("OUTPUT", "-o lo")):
        lines.append(f"-A {chain} {interface} -j ACCEPT")
        lines.append(f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
    for protocol in ("udp", "tcp"):
        server = f"-d {addresses.NAME_SERVER} -p {protocol} --dport 53"
        lines.append(f"-A OUTPUT {server} -j ACCEPT")
    wanted = [group for group in landscape.groups if group.id in host.groups]
    permissions = {
        line for group in wanted for rule in group.rules for line in _permits(rule, landscape)
    }
    return "\n".join([*lines, *sorted(permissions), "COMMIT"]) + "\n"


def _permits(rule: Rule, landscape: Landscape) -> Iterator[str]:
    chain, side = ("INPUT", "-s") if rule.direction is Direction.IN else ("OUTPUT", "-d")
    what = "" if rule.protocol == "all" else f" -p {rule.protocol}"
    if rule.ports is not None:
        what += f" --dport {rule.ports[0]}:{rule.ports[1]}"
    members = [address for group in rule.groups for address in landscape.members(group)]
    for peer in (*rule.cidrs, *members):
        yield f"-A {chain} {side} {peer}{what} -j ACCEPT"
