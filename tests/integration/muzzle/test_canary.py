"""The canary sees every hole: what answers, what is not kept, and what could not be tried."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.error import HTTPError

import pytest

from tests.integration.muzzle.sinking import Sink
from tests.unit.recovery.loading import load

CANARY = load("plugins/modules/canary.py")


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of somebody who takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who never takes one: its queue is full, and what comes is dropped."""
    with socket.socket() as server, socket.socket() as first:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        first.setblocking(False)
        first.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def forgetful() -> Iterator[str]:
    """A sink that takes all and keeps nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(b"{}")

        def do_GET(self) -> None:
            self._say(b'{"entries": []}')

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/mailbox"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_provider_that_takes_the_connection_is_a_hole(listener: int) -> None:
    with pytest.raises(CANARY.Loose, match=r"127\.0\.0\.1 took the connection"):
        CANARY.connection(f"https://127.0.0.1:{listener}")


def test_a_host_that_refuses_was_reached_as_well() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CANARY.Loose, match="answered: Connection refused"):
            CANARY.connection(f"127.0.0.1:{unused.getsockname()[1]}")


def test_a_connection_that_is_dropped_is_closed_and_waited_for_a_bounded_time(silent: int) -> None:
    assert CANARY.connection(f"127.0.0.1:{silent}") == "127.0.0.1: no answer within 2 s"


@pytest.mark.parametrize("target", ["card-a.example", "ftp://card-a.example/x"])
def test_what_names_no_port_counts_as_not_tried(target: str) -> None:
    with pytest.raises(CANARY.Loose, match="no port that could be tried"):
        CANARY.connection(target)


def test_the_port_of_a_provider_is_that_of_its_kind() -> None:
    assert CANARY.place("https://card-a.example/v1") == ("card-a.example", 443)
    assert CANARY.place("smtp://mail.example") == ("mail.example", 25)
    assert CANARY.place("shop.example:8443") == ("shop.example", 8443)


def test_a_message_to_a_sink_that_keeps_it_is_in_the_ledger(sink: Sink) -> None:
    for provider in ("card-a", "carrier", "mailbox"):
        assert CANARY.told(f"{sink.url}/{provider}", provider, "r1/app-1") == "in the ledger"
    asked = [entry["asked"]["body"]["canary"] for entry in sink.ledger("mailbox")]
    assert asked == ["r1/app-1"]


def test_a_sink_that_keeps_nothing_is_no_sink() -> None:
    with forgetful() as url, pytest.raises(CANARY.Loose, match="not in its ledger"):
        CANARY.told(url, "mailbox", "r1/app-1")


def test_a_sink_that_is_away_is_no_sink(sink: Sink) -> None:
    sink.kill()
    with pytest.raises(CANARY.Loose, match="refused"):
        CANARY.told(f"{sink.url}/mailbox", "mailbox", "r1/app-1")
    sink.start()


def test_what_got_through_is_said_with_the_rule_that_is_missing(listener: int) -> None:
    target = f"127.0.0.1:{listener}"
    what, how, wrong = CANARY.outcome(
        f"connection to {target}", CANARY.NETWORK, lambda: CANARY.connection(target)
    )
    assert (what, how) == (f"connection to {target}", "")
    assert wrong.startswith(f"connection to {target}: 127.0.0.1 took the connection; the network")


def test_all_that_a_drill_was_given_is_tried_on_every_bucket() -> None:
    identity = {"key": "k", "secret": "s"}
    params = {
        "name": "r1/app-1",
        "shut": ["shop.example:443"],
        "outside": {"endpoint_name": "s3.example", "backup_bucket": "b", "region": "eu-north-1"},
        "buckets": ["b", "state"],
        "identities": {"restore": identity, "epoch": identity},
        "reader": "restore",
        "sink": {"mailbox": "http://10.0.0.4:8600/mailbox"},
    }
    assert [what for what, *_ in CANARY.tries(params)] == [
        "connection to shop.example:443",
        "write to s3://b as `restore`",
        "write to s3://state as `restore`",
        "write to s3://b as `epoch`",
        "write to s3://state as `epoch`",
        "reading s3://b",
        "message to http://10.0.0.4:8600/mailbox",
    ]


def refused_with(status: int, body: str) -> HTTPError:
    return HTTPError("https://s3.example/b/k", status, "no", Message(), BytesIO(body.encode()))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, "<Error><Code>AccessDenied</Code></Error>"),
        (
            403,
            '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>AccessDenied</Code></Error>',
        ),
        (403, ""),
        (403, "<html>no"),
    ],
)
def test_a_write_that_is_denied_is_forbidden(
    monkeypatch: pytest.MonkeyPatch, status: int, body: str
) -> None:
    assert written(monkeypatch, refused_with(status, body)).startswith("forbidden: ")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "SignatureDoesNotMatch"),
        (403, "RequestTimeTooSkewed"),
        (403, "InvalidAccessKeyId"),
        (404, "NoSuchBucket"),
        (503, "SlowDown"),
    ],
)
def test_a_write_that_fails_for_another_reason_shows_no_missing_right(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    for start, end in (("<Error>", "</Error>"), ('<R xmlns="x"><Error>', "</Error></R>")):
        body = f"{start}<Code>{code}</Code>{end}"
        with pytest.raises(CANARY.Loose, match=f"could not be tried: {code}"):
            written(monkeypatch, refused_with(status, body))


@pytest.mark.parametrize("error", [TimeoutError("timed out"), ConnectionResetError("reset")])
def test_a_write_without_an_answer_may_have_been_done(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    with pytest.raises(CANARY.Loose, match="could not be tried: no answer: "):
        written(monkeypatch, error)


def test_a_refusal_that_breaks_off_says_nothing_of_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(BytesIO):
        def read(self, *_: object) -> bytes:
            raise TimeoutError("timed out")

    with pytest.raises(CANARY.Loose, match="could not be tried: 403, and nobody heard why"):
        written(monkeypatch, HTTPError("https://s3.example/b/k", 403, "no", Message(), Cut()))


def written(monkeypatch: pytest.MonkeyPatch, error: OSError) -> str:
    """What a write says that ends so."""

    class Refusing:
        def open(self, *_: object, **__: object) -> None:
            raise error

    monkeypatch.setattr(CANARY, "direct", Refusing)
    where = {"endpoint_name": "s3.example", "backup_bucket": "b", "region": "eu-north-1"}
    outside = CANARY.Outside(where, {"key": "k", "secret": "s"})
    return str(outside.write("b", "r1/app-1/epoch"))
