"""A shop's front door on loopback: a certificate authority, an HTTPS server and a DNS server."""

from __future__ import annotations

import datetime
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fakes.names import Names, served

NAME = "shop.example"
Answer = tuple[int, object]
Handler = Callable[[str, str, dict[str, Any], dict[str, str]], Answer | httpx.Response]


@dataclass(frozen=True)
class Authority:
    """A certificate authority with a folder: each leaf is NAME.crt and NAME.key in it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    def issue(self, name: str, *, by: str = "the checks' authority") -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key.public_key(), by, self.key)
        crt, pem = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return crt, pem


def _certificate(
    name: str, public: ec.EllipticCurvePublicKey, by: str, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    authority = name == by
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("ca" if authority else name)]), False
        )
        .sign(key, hashes.SHA256())
    )


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Files of checks and ledgers are imported; a try has a process of its own, a test has not."""
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.partition(".")[0] == "checks":
            del sys.modules[name]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    by = "the checks' authority"
    certificate = _certificate(by, key.public_key(), by, key)
    (folder / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, key)


@dataclass
class Door:
    """The HTTPS server: what it answers is ``handler``'s; what it was asked is in ``seen``."""

    port: int
    seen: list[dict[str, str]] = field(default_factory=list)
    handler: Handler = lambda *_: (200, {})


@pytest.fixture
def door(authority: Authority) -> Iterator[Door]:
    crt, key = authority.issue(NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    opened = Door(port=0)

    class Handling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            holder = self.connection.getpeercert()
            seen = {"path": self.path, "certificate": str(bool(holder)), **dict(self.headers)}
            opened.seen.append(seen)
            self.pass_on(opened.handler(self.command, self.path, body, seen))

        def pass_on(self, answer: Answer | httpx.Response) -> None:
            headers = {}
            if isinstance(answer, httpx.Response):
                status, content = answer.status_code, answer.content
                wanted = ("content-type", "set-cookie")
                headers = {name: answer.headers[name] for name in wanted if name in answer.headers}
            else:
                status, value = answer
                content = (value if isinstance(value, str) else json.dumps(value)).encode()
            self.send_response(status)
            for name, told in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, told)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    opened.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield opened
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def names() -> Iterator[Names]:
    with served() as zone:
        yield zone
