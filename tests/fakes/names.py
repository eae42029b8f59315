"""A name server on the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dnslib import RR
from dnslib.server import BaseResolver, DNSLogger, DNSServer


@dataclass
class Names(BaseResolver):  # type: ignore[misc]
    """A DNS server with the zone ``records``: name → (address, time to live)."""

    port: int = 0
    records: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def resolve(self, request: Any, handler: object) -> Any:
        name = str(request.q.qname).rstrip(".")
        self.asked.append(name)
        reply = request.reply()
        if name in self.records:
            address, ttl = self.records[name]
            reply.add_answer(*RR.fromZone(f"{name}. {ttl} A {address}"))
        else:
            reply.header.rcode = 3
        return reply


@contextmanager
def served() -> Iterator[Names]:
    """An empty zone at 127.0.0.1, on the port that it then has."""
    zone = Names()
    quiet = DNSLogger(logf=lambda _: None)
    server = DNSServer(zone, address="127.0.0.1", port=0, logger=quiet).server
    zone.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield zone
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
