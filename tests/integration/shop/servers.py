"""Real servers for the shop's tests, on loopback: PostgreSQL, Redis, partners, gunicorn.

Everything lives in a folder of the test and ends with it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

import httpx
import psycopg2
from werkzeug.serving import BaseWSGIServer, make_server

POSTGRES = Path("/usr/lib/postgresql/15/bin")
ROOT = Path(__file__).parents[3]
_POLL = 0.02
"""How often a server in a thread looks whether it is to stop."""


def eventually(what: Callable[[], object], *, within: float) -> None:
    """Ask until it is true. Raises AssertionError with what it last said."""
    deadline = time.monotonic() + within
    while not (said := what()):
        assert time.monotonic() < deadline, f"not within {within} s: {said!r}"
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    return listens_at("127.0.0.1", port)


def listens_at(address: str, port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((address, port)) == 0


class Postgres:
    """A cluster of its own, owned by the user postgres (PostgreSQL refuses to run as root)."""

    def __init__(self) -> None:
        # pytest's own folders are root's alone
        self._folder, self.port = Path(tempfile.mkdtemp(prefix="shop-postgres-")), free_port()
        folder, owner = self._folder, pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._as_postgres("initdb", "-D", str(folder / "data"), "-A", "trust", "--no-sync")
        options = f"-p {self.port} -k {folder} -h 127.0.0.1 -c fsync=off"
        self._as_postgres(
            "pg_ctl", "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o", options,
            "start",
        )  # fmt: skip

    def database(self, name: str, *, like: str = "template1") -> str:
        """The URL of a new database: an empty one, or a copy of one that nobody works with."""
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        connection.close()
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._as_postgres("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def _as_postgres(self, *words: str) -> None:
        subprocess.run(
            (POSTGRES / words[0], *words[1:]),
            check=True,
            user="postgres",
            group="postgres",
            extra_groups=(),
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


class Redis:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._process = subprocess.Popen(
            ("/usr/bin/redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--dir", str(folder)),
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(lambda: listens(self.port), within=10)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


class Epoch:
    """What the epoch daemon of a host answers: HTTP on a unix socket, with the state set here."""

    def __init__(self, path: Path) -> None:
        self.path, self.state, self.asked = path, "open", 0
        epoch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                epoch.asked += 1
                body = b"" if epoch.state == "open" else json.dumps({"state": epoch.state}).encode()
                self.send_response(403 if body else 204)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if body:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

            def address_string(self) -> str:
                return "unix"

        class Server(ThreadingMixIn, UnixStreamServer):
            daemon_threads = True

        self._server = Server(str(path), Handler)
        threading.Thread(target=self._server.serve_forever, args=(_POLL,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class World:
    """The partners of drkit.sandbox.world, each on a port of its own."""

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._servers: dict[str, BaseWSGIServer] = {}
        for name, app in apps.items():
            server = make_server("127.0.0.1", 0, app, threaded=True)
            threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True).start()
            self._servers[name] = server

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._servers[name].server_port}"

    def ledger(self, name: str, kind: str | None = None) -> list[dict[str, Any]]:
        entries = httpx.get(f"{self.url(name)}/ledger").json()["entries"]
        return [entry for entry in entries if kind in (None, entry["kind"])]

    def stop_one(self, name: str) -> None:
        """Nobody answers at this one's address any more."""
        server = self._servers.pop(name)
        server.shutdown()
        server.server_close()

    def stop(self) -> None:
        for name in tuple(self._servers):
            self.stop_one(name)


@dataclass
class Services:
    """The shop's own processes, one gunicorn each, started when first asked for."""

    environment: Mapping[str, str]
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def port(self, name: str) -> int:
        return self.ports.setdefault(name, free_port())

    def start(self, *names: str) -> None:
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    (sys.executable, "-m", "gunicorn", f"shop.{name}:app", "--threads", "16",
                     "--bind", f"127.0.0.1:{self.port(name)}"),
                    cwd=ROOT, env=self._environment(), stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
        for name in names:
            eventually(lambda name=name: listens(self.port(name)), within=20)  # type: ignore[misc]

    def start_worker(self) -> subprocess.Popen[bytes]:
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "shop.worker"),
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes["worker"] = process
        return process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``python -m`` WORDS in the environment of a host."""
        return subprocess.run(
            (sys.executable, "-m", *words),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def kill(self, *names: str) -> None:
        for name in names:
            process = self.processes.pop(name)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
            if port := self.ports.get(name):
                # a worker that is not quite dead yet still takes connections, and then none
                eventually(lambda port=port: not listens(port), within=10)  # type: ignore[misc]

    def stop(self) -> None:
        self.kill(*self.processes)

    def _environment(self) -> dict[str, str]:
        payment = f"http://127.0.0.1:{self.port('payment')}"
        path = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return {**path, **self.environment, "SHOP_PAYMENT_URL": payment, "HOME": str(self.folder)}


def copy_images(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT / "shop" / "images", folder / "images"))
