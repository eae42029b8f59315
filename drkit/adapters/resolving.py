"""An HTTPS client that finds a name as its customers do, or exactly where it is told to.

It decides three things that the usual client leaves to the machine it runs on: which DNS server
is asked (answers are kept for their time to live, not longer), which certificate authority counts,
and, for a site that customers do not reach yet, the address behind a name. What is asked for stays
the name: TLS (SNI and the check of the certificate) and the Host header never see the address.

It refuses to follow the machine: /etc/hosts, proxies of the environment and, where a resolver is
given, the system's DNS are not used.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver
import httpcore
import httpx

LIMIT = timedelta(seconds=10)
"""How long each of connect, write and read may take, where the caller does not say."""

_DNS_LIMIT = 3.0
_KEEP_OPEN = 2.0
"""Seconds that an idle connection is kept: less than any sensible time to live, so that a client
which comes back every few seconds asks the DNS again and sees a cutover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The client certificate of a run: two PEM files."""

    certificate: Path
    key: Path


def resolver_at(server: str | None) -> dns.resolver.Resolver:
    """Asks ``server`` (``ADDRESS`` or ``ADDRESS:PORT``), else the system's; keeps no answer."""
    made = dns.resolver.Resolver(configure=server is None)
    if server is not None:
        address, _, port = server.partition(":")
        made.nameservers = [address]
        made.port = int(port or 53)
    made.lifetime = _DNS_LIMIT
    return made


class Addresses:
    """Name → addresses, by one DNS server; answers live as long as their TTL says."""

    def __init__(self, resolver: str | None, override: Mapping[str, str]) -> None:
        self._server = resolver or "the system's resolver"
        self._override = override
        self._dns = resolver_at(resolver)
        self._dns.cache = dns.resolver.Cache()

    def of(self, name: str) -> tuple[str, ...]:
        """The IPv4 addresses of ``name``. Raises httpcore.ConnectError that names the server."""
        if name in self._override:
            return (self._override[name],)
        if _is_address(name):
            return (name,)
        try:
            answer = self._dns.resolve(name, "A", search=False)
        except dns.exception.DNSException as error:
            raise httpcore.ConnectError(
                f"{name} has no address at {self._server}: {error}"
            ) from error
        return tuple(record.to_text() for record in answer)


class _Network(httpcore.NetworkBackend):
    """Connects to the addresses of a name, in the order of the answer."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses.of(host):
            try:
                return self._sockets.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = type(error)(f"{host} at {address}:{port}: {error or 'no answer'}")
        raise failure or httpcore.ConnectError(f"{host} has no address")


class ResolvingTransport(httpx.BaseTransport):
    """An httpx transport over a pool that looks names up by :class:`Addresses`.

    Responses are read whole: the pages of a shop are small, and a connection is never left held by
    a response that nobody closed.
    """

    def __init__(self, addresses: Addresses, trust: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust, network_backend=_Network(addresses), keepalive_expiry=_KEEP_OPEN
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(request.stream, httpx.SyncByteStream):
            raise TypeError("the body of a request must be readable without asyncio")
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
            try:
                content = answer.read()
            finally:
                answer.close()
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            # httpx names its exceptions as httpcore does, one for one (httpx 0.28)
            known: type[httpx.RequestError] = getattr(httpx, type(error).__name__)
            raise known(str(error), request=request) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(content),
            extensions={"http_version": answer.extensions.get("http_version", b"HTTP/1.1")},
        )

    def close(self) -> None:
        self._pool.close()


def transport(
    resolver: str | None,
    ca: Path | None,
    *,
    override: Mapping[str, str] | None = None,
    certificate: Certificate | None = None,
) -> ResolvingTransport:
    """A transport for one client.

    ``resolver`` is ``ADDRESS`` or ``ADDRESS:PORT`` of a DNS server, None for the system's; ``ca``
    a PEM bundle, None for the system's; ``override`` name → address, asked before any DNS.
    Raises OSError or ssl.SSLError where a file is missing or is no certificate.
    """
    trust = ssl.create_default_context(cafile=str(ca) if ca else None)
    if certificate is not None:
        trust.load_cert_chain(certificate.certificate, certificate.key)
    return ResolvingTransport(Addresses(resolver, override or {}), trust)


def client(
    way: ResolvingTransport,
    *,
    address: str = "",
    headers: Mapping[str, str] | None = None,
    limit: timedelta = LIMIT,
    connect: timedelta | None = None,
) -> httpx.Client:
    """A client over ``way``; ``address`` is the beginning of each relative URL. Cookies are kept,
    redirects are not followed: what a journey is answered is what the site said. ``connect`` is the
    limit of a connection, where that is another.
    """
    return httpx.Client(
        transport=way,
        base_url=address,
        headers=dict(headers or {}),
        timeout=httpx.Timeout(limit.total_seconds(), connect=(connect or limit).total_seconds()),
        trust_env=False,
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
