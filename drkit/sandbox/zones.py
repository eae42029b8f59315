"""The name server of everyone in the sandbox: customers, hosts, probes.

It answers the sandbox's own fixed names and every public Route 53 zone, read at each question, so
a change of a record is seen by whoever did not cache the old one. What is in neither does not
exist. It outlives any region, as public DNS does. Of failover records the first healthy one is
answered, the primary before the secondary; where none is, the primary. Weighted and other policies
are not weighed: the first record wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dnslib import AAAA, CNAME, NS, QTYPE, RCODE, RR, SOA, TXT, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from drkit.sandbox import addresses

FIXED_LIFETIME: Final = 60
NEGATIVE_LIFETIME: Final = 5
"""How long "no such name" may be cached: short, so that a new record is seen soon."""
CHASES: Final = 8


class Names(BaseResolver):  # type: ignore[misc]
    """Answers one question from the fixed names and moto's zones."""

    def __init__(self, healthy: Callable[[str], bool]) -> None:
        """``healthy`` judges a health check by its id."""
        self._healthy = healthy
        self._fixed = addresses.fixed_names()

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:  # noqa: ARG002 - dnslib's
        reply = request.reply()
        wanted = str(request.q.qname).rstrip(".").lower()
        kind = QTYPE[request.q.qtype]
        known = False
        for _ in range(CHASES):
            answers, exists = self._look(wanted, kind)
            known = known or exists
            for answer in answers:
                reply.add_answer(answer)
            aliases = [a for a in answers if QTYPE[a.rtype] == "CNAME"]
            if kind == "CNAME" or not aliases:
                break
            wanted = str(aliases[0].rdata.label).rstrip(".").lower()
        if not reply.rr:
            if not known:
                reply.header.rcode = RCODE.NXDOMAIN
            reply.add_auth(_authority(wanted))
        return reply

    def _look(self, name: str, kind: str) -> tuple[list[RR], bool]:
        """Records of a name, and whether the name exists at all."""
        if name in self._fixed:
            record = RR(name, QTYPE.A, rdata=A(self._fixed[name]), ttl=FIXED_LIFETIME)
            return ([record] if kind in {"A", "ANY"} else []), True
        sets = _record_sets(name)
        for wanted in (kind, "CNAME"):
            chosen = [s for s in sets if s.type == wanted]
            if chosen:
                return _records(name, self._answered(chosen)), True
        return [], bool(sets)

    def _answered(self, chosen: list[Any]) -> Any:
        """The record set of several, of one name and type, that customers are given."""
        in_order = sorted(chosen, key=lambda found: found.failover == "SECONDARY")
        well = (s for s in in_order if not s.health_check_id or self._healthy(s.health_check_id))
        return next(well, in_order[0])


def serve(healthy: Callable[[str], bool]) -> None:
    """Answer on the name server's address, udp and tcp, in threads of their own."""
    resolver = Names(healthy)
    for tcp in (False, True):
        server = DNSServer(
            resolver, address=addresses.NAME_SERVER, port=53, tcp=tcp, logger=_Silent()
        )
        server.start_thread()


class _Silent:
    """dnslib prints every question unless it is given a logger."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _record_sets(name: str) -> list[Any]:
    from moto.route53.models import route53_backends

    zones = list(route53_backends[addresses.ACCOUNT]["aws"].zones.values())
    return [
        record
        for zone in zones
        if not zone.private_zone
        for record in list(zone.rrsets)
        if record.name.rstrip(".").lower() == name
    ]


def _records(name: str, record: Any) -> list[RR]:
    lifetime = int(record.ttl or FIXED_LIFETIME)
    made = []
    for value in record.records:
        text = value["Value"] if isinstance(value, dict) else str(value)
        if (data := _data(record.type, text)) is not None:
            made.append(RR(name, getattr(QTYPE, record.type), rdata=data, ttl=lifetime))
    return made


def _data(kind: str, text: str) -> Any:
    match kind:
        case "A":
            return A(text)
        case "AAAA":
            return AAAA(text)
        case "CNAME":
            return CNAME(text)
        case "NS":
            return NS(text)
        case "TXT":
            return TXT(text.strip('"'))
        case "SOA":
            primary, person, *times = text.split()
            return SOA(primary, person, tuple(int(time) for time in times))
        case _:
            return None


def _authority(name: str) -> RR:
    times = (1, 60, 60, 60, NEGATIVE_LIFETIME)
    data = SOA("ns.sandbox.example", "nobody.sandbox.example", times)
    zone = name.partition(".")[2] or name
    return RR(zone, QTYPE.SOA, rdata=data, ttl=NEGATIVE_LIFETIME)
