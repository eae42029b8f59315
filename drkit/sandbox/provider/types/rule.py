"""Decides when two ways of writing a firewall rule mean the same.

The API keeps one rule per source; programs write several sources in one rule. Both are taken
apart into single rules (`Rule`) to be compared, so the way of writing never shows as a change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drkit.sandbox.provider.wire import Properties

# How a source is called in a program, in the API (list and member), in that order.
_SOURCES = (
    ("cidrBlocks", "IpRanges", "CidrIp"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ("securityGroups", "UserIdGroupPairs", "GroupId"),
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rule:
    """One protocol, one range of ports, one source; ports are -1 where all are meant."""

    protocol: str
    first: int
    last: int
    member: str
    source: str
    text: str = ""

    def permission(self) -> Properties:
        """The rule as the API wants it."""
        plural = next(api for _, api, member in _SOURCES if member == self.member)
        source = {self.member: self.source} | ({"Description": self.text} if self.text else {})
        ports = {} if self.first == -1 else {"FromPort": self.first, "ToPort": self.last}
        return {"IpProtocol": self.protocol, plural: [source], **ports}


def ports_of(protocol: str, first: int | None, last: int | None) -> tuple[int, int]:
    """The range of ports of a rule; (-1, -1) for all."""
    if protocol == "-1" or first is None:
        return -1, -1
    return int(first), int(first if last is None else last)


def written(blocks: Iterable[Properties], group: str) -> Iterator[Rule]:
    """The single rules of inline blocks; `group` is what `self` means."""
    for block in blocks:
        protocol = {"all": "-1"}.get(str(block["protocol"]).lower(), str(block["protocol"]).lower())
        first, last = ports_of(protocol, block.get("fromPort"), block.get("toPort"))
        sources = [
            (member, source) for name, _, member in _SOURCES for source in block.get(name) or ()
        ]
        if block.get("self"):
            sources.append(("GroupId", group))
        for member, source in sources:
            yield Rule(
                protocol=protocol,
                first=first,
                last=last,
                member=member,
                source=source,
                text=block.get("description") or "",
            )


def live(permissions: Iterable[Properties]) -> Iterator[Rule]:
    """The single rules of the API's permissions."""
    for permission in permissions:
        protocol = permission["IpProtocol"]
        first, last = ports_of(protocol, permission.get("FromPort"), permission.get("ToPort"))
        for _, plural, member in _SOURCES:
            for source in permission.get(plural, []):
                yield Rule(
                    protocol=protocol,
                    first=first,
                    last=last,
                    member=member,
                    source=source[member],
                    text=source.get("Description") or "",
                )


def blocks_of(rules: Iterable[Rule], group: str) -> list[Properties]:
    """Inline blocks, one for each protocol, ports and description, as the real provider groups."""
    blocks: dict[tuple[str, int, int, str], Properties] = {}
    for rule in sorted(rules):
        key = (rule.protocol, rule.first, rule.last, rule.text)
        ports = {"fromPort": max(rule.first, 0), "toPort": max(rule.last, 0)}
        block = blocks.setdefault(key, {"protocol": rule.protocol, **ports})
        if rule.text:
            block["description"] = rule.text
        name = next(name for name, _, member in _SOURCES if member == rule.member)
        if name == "securityGroups" and rule.source == group:
            block["self"] = True
        else:
            block.setdefault(name, []).append(rule.source)
    return list(blocks.values())
