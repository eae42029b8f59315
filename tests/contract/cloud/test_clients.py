"""One client for all who ask for the same, and no connection older than its asking."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from drkit.adapters.cloud import client
from drkit.ports import World
from tests.contract.cloud.values import world_at


class Bucket(BaseHTTPRequestHandler):
    """Answers that any bucket is there, and keeps its connections open."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.server.asked.append(self.client_address)  # type: ignore[attr-defined]  # ours
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def buckets() -> Iterator[tuple[World, list[object]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Bucket) as server:
        server.daemon_threads = True
        asked: list[object] = []
        server.asked = asked  # type: ignore[attr-defined]  # read by each request
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield world_at(f"http://127.0.0.1:{server.server_address[1]}"), asked
        server.shutdown()


def test_who_asks_for_a_client_begins_with_a_connection_of_its_own() -> None:
    with buckets() as (world, asked):
        for _ in range(2):
            s3 = client(world, "s3", "eu-north-1")
            s3.head_bucket(Bucket="one")
            s3.head_bucket(Bucket="one")
    first, again, other, _ = asked
    assert first == again
    assert first != other


def test_a_try_marks_its_calls_by_its_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_at("http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "one")
    one = client(world, "s3", "eu-north-1")
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "two")
    assert client(world, "s3", "eu-north-1") is not one
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "one")
    assert client(world, "s3", "eu-north-1") is one


def test_a_fork_takes_over_no_client_of_its_parent() -> None:
    world = world_at("http://127.0.0.1:9")
    ours = client(world, "s3", "eu-north-1")
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tells, b"y" if client(world, "s3", "eu-north-1") is ours else b"n")
        os._exit(0)
    os.close(tells)
    with os.fdopen(told, "rb") as said:
        assert said.read() == b"n"
    os.waitpid(child, 0)
