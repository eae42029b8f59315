"""The output ``hosts`` of the stacks: who is there, who customers and ssh come in by, and whether
it can be used at all.

Decides the entrance of a site, for ssh, DNS and checks alike. Refuses hosts that no later step
could reach: a stack that reports them has failed, so that it is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Hosts = Mapping[str, Mapping[str, object]]
"""Host → ``groups``, ``address``, ``public`` (or null), ``host_key``: a stack's output."""

Facts = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the plan expects of one stack's hosts."""

    stack: str
    groups: tuple[str, ...]
    """Those that the stack provides; with none it needs no hosts."""
    jump: str


def hosts_of(facts: Facts) -> Hosts:
    """The hosts that the stacks of a run provide, together; empty before the first one has."""
    together: dict[str, Mapping[str, object]] = {}
    for outputs in facts.values():
        hosts = outputs.get("hosts")
        if isinstance(hosts, dict):
            together.update(hosts)
    return together


def groups_of(host: Mapping[str, object]) -> list[str]:
    groups = host.get("groups")
    return [str(group) for group in groups] if isinstance(groups, list | tuple) else []


def matching(hosts: Hosts, wanted: str) -> list[str]:
    """The names of those that ``wanted`` means: ``all``, a group, or one host."""
    return [n for n, host in hosts.items() if wanted in ("all", n) or wanted in groups_of(host)]


def entrance(hosts: Hosts, jump: str) -> str | None:
    """The host that is come in by: the first by name of the group ``jump`` with an address that
    is public.
    """
    doors = (n for n, host in hosts.items() if jump in groups_of(host) and host.get("public"))
    return min(doors, default=None)


def unusable(outputs: Mapping[str, object], expected: Expected, others: Facts) -> str:
    """What is wrong with the output ``hosts`` of a stack; empty if nothing is."""
    hosts = outputs.get("hosts")
    if hosts is None:
        missing = ", ".join(expected.groups)
        return f"there is none, and the stack provides {missing}" if expected.groups else ""
    if not isinstance(hosts, dict):
        return "it is no mapping of names to hosts"
    for name, host in hosts.items():
        if wrong := _wrong(host):
            return f"host {name} {wrong}"
    if twice := sorted(set(hosts) & set(hosts_of(_without(expected.stack, others)))):
        return f"host {twice[0]} is one of another stack, too"
    for group in expected.groups:
        if not any(group in groups_of(host) for host in hosts.values()):
            return f"no host is of the group {group}, which the stack provides"
    if expected.jump in expected.groups and entrance(hosts, expected.jump) is None:
        return f"no host of the group {expected.jump} has a public address to go through"
    return ""


def _wrong(host: object) -> str:
    if not isinstance(host, dict):
        return "is no mapping"
    for key in ("address", "host_key"):
        if not isinstance(host.get(key), str) or not str(host[key]).strip():
            return f"has no `{key}`"
    if not isinstance(host.get("groups"), Sequence) or not groups_of(host):
        return "has no `groups`"
    public = host.get("public")
    return "" if public is None or isinstance(public, str) else "has a `public` that is no text"


def _without(stack: str, facts: Facts) -> Facts:
    return {name: outputs for name, outputs in facts.items() if name != stack}
