#!/usr/bin/python3
"""The epoch watcher: says whether this host may write, and closes it when another site serves.

Decides: open, closed or fenced, from the mark of this host, the epoch object outside, and whether
it was fenced before. Refuses every write while the mark says that the host was not opened, and
for good once a higher epoch that names another site was read.

Invariant: a "go on" rests on an epoch whose read began less than 5 s ago; or, after a whole second
of fresh tries that all failed, on the last known state, because a lost outside must not close a
healthy shop. A read that began before the question is no such try: it may have begun while the
network was away, and its failure says nothing about now.
"""

import argparse
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import HTTPSHandler, Request, build_opener

FRESH = 5.0  # seconds that an epoch read may be old when a question is answered from it
LIMIT = 1.0  # seconds that a question may wait for a new read
PERIOD = 2.0  # seconds between reads without a question

clock = partial(time.clock_gettime, time.CLOCK_BOOTTIME)  # a host that slept has an old epoch


@dataclass(frozen=True)
class Epoch:
    """Who serves: the object outside."""

    number: int
    site: str
    generation: int


@dataclass(frozen=True)
class Site:
    """Who this host belongs to."""

    name: str
    generation: int

    def named(self, epoch: Epoch) -> bool:
        """Say whether this site is the one that serves."""
        return (epoch.site, epoch.generation) == (self.name, self.generation)


@dataclass(frozen=True)
class Verdict:
    """The answer to "may this host write": state is open, closed or fenced."""

    state: str
    epoch: int | None
    reason: str


class Bucket:
    """The epoch object in a bucket, read over a new connection each time: a kept one that died
    with the network answers the first read after its return with a reset. Signed by botocore, whose
    client would read the model of all of S3, and at each read every authority of the machine."""

    def __init__(self, where: dict[str, Any], credentials: dict[str, str]) -> None:
        from botocore.auth import S3SigV4Auth
        from botocore.credentials import Credentials

        endpoint = where["endpoint"]
        base = endpoint if "://" in endpoint else f"https://{endpoint}"
        self._url = f"{base.rstrip('/')}/{where['bucket']}/{quote(where['key'])}"
        signer = Credentials(credentials["key"], credentials["secret"])
        self._signature = S3SigV4Auth(signer, "s3", where["region"])
        self._opener = build_opener(HTTPSHandler(context=ssl.create_default_context()))

    def read(self) -> Epoch:
        """Return the epoch as it is outside now."""
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method="GET", url=self._url)
        self._signature.add_auth(request)
        asked = Request(self._url, headers=dict(request.headers.items()))  # noqa: S310 - as configured
        with self._opener.open(asked, timeout=LIMIT) as answer:
            body = json.load(answer)
        # in epoch 0 nobody serves
        return Epoch(int(body["number"]), body["site"] or "", int(body["generation"] or 0))


def decide(site: Site, mark: dict[str, Any], epoch: Epoch | None, fenced: str | None) -> Verdict:
    """Return what the host may do, given all that is known of it."""
    number = epoch.number if epoch else mark.get("epoch")
    if fenced:
        return Verdict("fenced", number, fenced)
    opened_with = mark.get("epoch")
    if mark.get("opened") is None or opened_with is None:
        return Verdict("closed", number, "not opened")
    if epoch and epoch.number > opened_with and not site.named(epoch):
        reason = f"epoch {epoch.number} names {epoch.site}.g{epoch.generation}"
        return Verdict("fenced", epoch.number, reason)
    if mark.get("closed"):
        return Verdict("closed", number, f"closed at {mark['closed']}")
    return Verdict("open", number, "")


class Host:
    """The files of the host: mark, fence, workers."""

    def __init__(self, state: Path, workers: Path) -> None:
        self._mark, self._fence, self._workers = state / "mark.json", state / "fenced.json", workers

    def mark(self) -> dict[str, Any]:
        """Return the mark; a missing or broken one is that of a host never opened."""
        try:
            return dict(json.loads(self._mark.read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def fenced(self) -> str | None:
        """Return why the host was fenced, or None. A broken file fences: it was written once."""
        try:
            return str(json.loads(self._fence.read_text())["reason"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError):
            return "fenced, the reason cannot be read"

    def fence(self, verdict: Verdict) -> None:
        """Write the fence durably, then close the host and stop its workers."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if not self._fence.exists():
            self._write(self._fence, {"reason": verdict.reason, "at": now})
        if (mark := self.mark()) and not mark.get("closed"):
            self._write(self._mark, mark | {"closed": now})
        if units := self._workers.read_text().split() if self._workers.exists() else []:
            subprocess.run(["systemctl", "stop", "--no-block", *units], check=False, timeout=10)

    def _write(self, path: Path, value: dict[str, Any]) -> None:
        temporary = path.with_suffix(".new")
        with temporary.open("w") as file:
            file.write(json.dumps(value, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)  # the file is durable before, and its name only now
        os.close(folder)


class Watcher:
    """Keeps the newest epoch and answers questions."""

    def __init__(self, site: Site, host: Host, read: Callable[[], Epoch]) -> None:
        self._site, self._host, self._read_outside = site, host, read
        self._lock = threading.Lock()
        self._epoch: Epoch | None = None
        self._began = float("-inf")
        self.error = "not read yet"

    def age(self) -> float:
        """Return the seconds since the newest successful read began."""
        return clock() - self._began

    def seen(self) -> dict[str, Any]:
        """Return what was read outside: whether it names this site, and the last read's error."""
        known = self._epoch
        return {"ours": known is not None and self._site.named(known), "error": self.error}

    def verdict(self) -> Verdict:
        """Return the state as it is known now, and carry out a fence that follows from it."""
        fenced = self._host.fenced()
        verdict = decide(self._site, self._host.mark(), self._epoch, fenced)
        if verdict.state == "fenced" and fenced is None:
            with self._lock:  # the watch and a question may find it at once
                self._host.fence(verdict)
        return verdict

    def answer(self) -> Verdict:
        """Return the state from a fresh epoch, reading one if need be (at most LIMIT)."""
        if self.age() >= FRESH:
            self.refresh(LIMIT)
        return self.verdict()

    def refresh(self, limit: float) -> None:
        """Try to read the epoch until a read that began now succeeds, or the limit is over."""
        asked, until = clock(), time.monotonic() + limit  # tries take no place while asleep
        while (left := until - time.monotonic()) > 0:
            done = threading.Event()
            threading.Thread(target=self._read, args=(done,), daemon=True).start()
            done.wait(left)
            if self._began >= asked and self.age() < FRESH:
                return
            time.sleep(min(0.1, max(0.0, until - time.monotonic())))

    def watch(self) -> None:
        """Read for ever; a fence found here is carried out without a question."""
        if self._host.fenced():
            self._host.fence(self.verdict())
        while True:
            self.refresh(LIMIT)
            self.verdict()
            time.sleep(PERIOD)

    def _read(self, done: threading.Event) -> None:
        began = clock()
        try:
            epoch = self._read_outside()
        except Exception as error:  # noqa: BLE001 - whatever it was, the epoch is not known
            self.error = f"{type(error).__name__}: {error}"
        else:
            with self._lock:
                # Epochs only rise: a slow read that ends late must not undo a newer one.
                if self._epoch is None or epoch.number >= self._epoch.number:
                    self._epoch = epoch
                self._began = max(self._began, began)
                self.error = ""
        finally:
            done.set()


class Handler(BaseHTTPRequestHandler):
    """GET /may-write[?proof=1] → 204 or 403; GET /state → 200, with the age of the last read."""

    server: "Server"

    def do_GET(self) -> None:
        """Answer one question."""
        url = urlsplit(self.path)
        if url.path == "/may-write":
            verdict = self.server.watcher.answer()
            proof = url.query == "proof=1" and verdict.state == "closed"
            self._reply(204 if verdict.state == "open" or proof else 403, vars(verdict))
        elif url.path == "/state":
            self._reply(200, vars(self.server.watcher.answer()) | self.server.watcher.seen())
        else:
            self._reply(404, {"error": "unknown path", "remedy": "GET /may-write or /state"})

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        payload = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Say nothing: 20 questions a second are no news."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The unix socket; one thread a question."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, watcher: Watcher) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), Handler)
        path.chmod(0o666)
        self.watcher = watcher


def tell_systemd() -> None:
    """Say that questions are answered (Type=notify)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(address.replace("@", "\0", 1))
            notify.send(b"READY=1")


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("/etc/drkit"))
    parser.add_argument("--state", type=Path, default=Path("/var/lib/drkit"))
    parser.add_argument("--socket", type=Path, default=Path("/run/drkit/epoch.sock"))
    given = parser.parse_args()
    site = json.loads((given.config / "site.json").read_text())
    credentials = json.loads((given.config / "epoch.credentials").read_text())
    host = Host(given.state, given.config / "workers")
    read = Bucket(site["epoch_object"], credentials).read
    watcher = Watcher(Site(site["site"], int(site["generation"])), host, read)
    with Server(given.socket, watcher) as server:
        threading.Thread(target=watcher.watch, daemon=True).start()
        tell_systemd()
        server.serve_forever()


if __name__ == "__main__":
    main()
