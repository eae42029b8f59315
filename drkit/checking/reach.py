"""Which host reaches which port of which other: tried for real, from the host itself.

What a firewall lets through is known only to those behind it, so the connect is made on the source.
A port that stays silent is told from one that is refused: a refusal means that the packet arrived
and nobody listened today.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from drkit.checking.asking import HostSilent, at_once, run
from drkit.checking.hosts import Hosts
from drkit.checking.site import Site

_LIMIT = 1.5
"""Seconds to wait for a connect: one lost SYN is sent again after one second and still counts."""

_PROGRAM = """
import asyncio, json, sys
async def one(address, port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), LIMIT)
    except asyncio.TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"
    writer.close()
    return "open"
async def main(pairs):
    print(json.dumps(await asyncio.gather(*(one(*pair) for pair in pairs))))
asyncio.run(main(json.loads(sys.argv[1])))
""".replace("LIMIT", str(_LIMIT))


class Reach(StrEnum):
    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    """The network said that there is no way: no route, or prohibited."""


class Flow(NamedTuple):
    """A connection from one host to a port of another, by the names of the hosts."""

    source: str
    destination: str
    port: int

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}:{self.port}"


class Ports:
    """Tries connections between the hosts of a site."""

    def __init__(self, hosts: Hosts, site: Site) -> None:
        self._hosts = hosts
        self._addresses = {machine.name: machine.address for machine in site.machines}

    def reach(self, flows: Iterable[Flow]) -> Mapping[Flow, Reach]:
        """Try all ``flows``: one command per source, all sources and all flows at once.

        Raises KeyError for a host that is not of the site, HostSilent where a source cannot be
        asked.
        """
        by_source: dict[str, list[Flow]] = {}
        for flow in flows:
            by_source.setdefault(flow.source, []).append(flow)
        sources = {self._hosts.named(source): tried for source, tried in by_source.items()}
        answers = at_once(sources, lambda host: json.loads(run(host, self._command(sources[host]))))
        found: dict[Flow, Reach] = {}
        for host, tried in sources.items():
            if len(answers[host]) != len(tried):
                raise HostSilent(tried[0].source, "not every connection was tried")
            found.update(zip(tried, map(Reach, answers[host]), strict=True))
        return found

    def _command(self, flows: Iterable[Flow]) -> str:
        pairs = json.dumps([(self._addresses[flow.destination], flow.port) for flow in flows])
        return f"python3 -c {shlex.quote(_PROGRAM)} {shlex.quote(pairs)}"
