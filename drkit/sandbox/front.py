"""The TLS front: one nginx of the sandbox's own, at 443 of the endpoints' and the world's address.

moto's own TLS server breaks pgBackRest (it closes without close_notify; measured with moto 5.2.5
and pgBackRest 2.45), hence nginx. It has its own configuration, prefix and pid file and ends with
the daemon that started it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drkit.sandbox.authority import Authority
from drkit.sandbox.folder import write_private

MAIN = """\
daemon off;
# the front's folder is the user's own (0700): a worker of another user could not spool there
user root;
worker_processes 1;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    client_max_body_size 0;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_request_buffering on;
    proxy_read_timeout 300s;
    underscores_in_headers on;
    ssl_protocols TLSv1.2 TLSv1.3;
{servers}}}
"""
SERVER = """\
    server {{
        listen {address}:443 ssl;
        server_name {names};
        ssl_certificate {prefix}/{file}.crt;
        ssl_certificate_key {prefix}/{file}.key;
        location / {{ proxy_pass http://127.0.0.1:{port}; }}
    }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One address with its names, and the port behind it on this machine's loopback."""

    address: str
    names: tuple[str, ...]
    port: int

    @property
    def file(self) -> str:
        return self.names[0]


def write(prefix: Path, sites: tuple[Site, ...], authority: Authority) -> None:
    """Write configuration and certificates; each certificate has the names and the address."""
    prefix.mkdir(mode=0o755, parents=True, exist_ok=True)
    servers = ""
    for site in sites:
        issued = authority.issue(*site.names, site.address)
        (prefix / f"{site.file}.crt").write_text(issued.certificate)
        write_private(prefix / f"{site.file}.key", issued.key)
        servers += SERVER.format(
            address=site.address,
            names=" ".join((*site.names, site.address)),
            prefix=prefix,
            file=site.file,
            port=site.port,
        )
    (prefix / "nginx.conf").write_text(MAIN.format(prefix=prefix, servers=servers))


def start(prefix: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start nginx as a child that the kernel ends when the calling process dies."""
    with (prefix / "nginx.out").open("wb") as out:
        return subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "TERM"),
                *("nginx", "-p", str(prefix), "-c", "nginx.conf"),
                *("-e", str(prefix / "error.log")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(environment),
        )
