"""The epoch watcher as the collection installs it, on loopback: when a host may write."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from drkit.recovery import collections_path
from tests.integration.playbooks.lab import eventually

PROGRAM = collections_path() / "ansible_collections/drkit/recovery/roles/epoch/files/drkit_epoch.py"
FRESH = 5
# Deadlines are three times that: the bound itself is shown where the fence is tried, and machines
# that run tests are busy.


class Outside(ThreadingHTTPServer):
    """The bucket with the epoch: answers, answers with an error, or says nothing at all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.epoch = {"number": 4, "site": "here", "generation": 1}
        self.mood = "well"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        if self.server.mood == "silent":
            threading.Event().wait(3)
            return
        body = json.dumps(self.server.epoch).encode()
        self.send_response(503 if self.server.mood == "ill" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Watcher:
    """The program in a process of its own, with its files in a folder."""

    def __init__(self, folder: Path, outside: Outside) -> None:
        self.folder, self.socket = folder, folder / "socket"
        where = {"endpoint": f"http://127.0.0.1:{outside.server_port}", "region": "eu-north-1"}
        site = {"shop": "s", "site": "here", "generation": 1}
        where |= {"bucket": "state", "key": "epoch.json"}
        (folder / "site.json").write_text(json.dumps(site | {"epoch_object": where}))
        (folder / "epoch.credentials").write_text(json.dumps({"key": "k", "secret": "s"}))
        self.start()

    def start(self) -> None:
        argv = [sys.executable, str(PROGRAM), "--socket", str(self.socket)]
        argv += ["--config", str(self.folder), "--state", str(self.folder)]
        self.process = subprocess.Popen(argv)
        eventually(self.socket.exists, within=20)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.socket.unlink()

    def mark(self, **mark: Any) -> None:
        whole = {"run": "r", "opened": None, "epoch": None, "closed": None} | mark
        (self.folder / "mark.json").write_text(json.dumps(whole))

    def ask(self, path: str = "/may-write") -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("localhost")
        with socket.socket(socket.AF_UNIX) as connection.sock:
            connection.sock.settimeout(5)
            connection.sock.connect(str(self.socket))
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")

    def state(self) -> str:
        status, told = self.ask()
        return "open" if status == 204 else str(told["state"])


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def watcher(tmp_path: Path, outside: Outside) -> Iterator[Watcher]:
    watcher = Watcher(tmp_path, outside)
    yield watcher
    watcher.stop()


OPENED = {"opened": "2026-01-01T00:00:00Z", "epoch": 4}


def test_a_host_never_opened_is_closed_but_takes_a_proof(watcher: Watcher) -> None:
    assert watcher.ask()[1]["reason"] == "not opened"
    assert watcher.ask("/may-write?proof=1")[0] == 204


def test_an_opened_host_writes_until_it_is_closed(watcher: Watcher) -> None:
    watcher.mark(**OPENED)
    assert watcher.state() == "open"
    watcher.mark(**OPENED, closed="2026-01-02T00:00:00Z")
    assert watcher.state() == "closed"


def test_a_higher_epoch_of_another_site_fences_for_good(watcher: Watcher, outside: Outside) -> None:
    watcher.mark(**OPENED)
    outside.epoch = {"number": 5, "site": "there", "generation": 1}
    eventually(lambda: watcher.state() == "fenced", within=3 * FRESH)
    assert watcher.ask("/may-write?proof=1")[0] == 403
    # the answer comes first, the closing right after it
    mark = watcher.folder / "mark.json"
    eventually(lambda: bool(json.loads(mark.read_text())["closed"]), within=3 * FRESH)
    # Neither an older epoch nor a new start nor a new mark takes it back.
    outside.epoch = {"number": 4, "site": "here", "generation": 1}
    watcher.stop()
    watcher.mark(**OPENED)
    watcher.start()
    assert watcher.state() == "fenced"


def test_a_higher_epoch_of_the_same_site_fences_nobody(watcher: Watcher, outside: Outside) -> None:
    watcher.mark(**OPENED)
    outside.epoch = {"number": 6, "site": "here", "generation": 1}
    eventually(lambda: watcher.ask("/state")[1]["epoch"] == 6, within=3 * FRESH)
    assert watcher.state() == "open"


@pytest.mark.parametrize("mood", ["ill", "silent"])
def test_a_lost_outside_closes_nobody_and_its_return_lets_no_write_through(
    watcher: Watcher, outside: Outside, mood: str
) -> None:
    watcher.mark(**OPENED)
    assert watcher.state() == "open"
    outside.mood = mood
    eventually(lambda: watcher.ask("/state")[1]["error"], within=2 * FRESH)
    # Older than that, every question tries for a whole second of its own before it goes on.
    eventually(lambda: _seconds(watcher) > 0.9, within=2 * FRESH)
    assert watcher.state() == "open"
    outside.epoch, outside.mood = {"number": 5, "site": "there", "generation": 1}, "well"
    assert watcher.state() == "fenced"


def _seconds(watcher: Watcher) -> float:
    began = time.monotonic()
    assert watcher.state() == "open"
    return time.monotonic() - began
