#!/usr/bin/python3
"""The sink of a drill: answers in the providers' stead, and writes down all that it was asked.

Decides: which program of the shop answers, by the first part of the path (``/card-a/captures`` is
for ``card-a.py``), one question of a provider at a time. Refuses to answer what is not in its
ledger: an exchange is on disk before the caller hears of it. It calls nobody.

A program has one function, ``answer(asked, earlier) -> (status, body)``, and no state of its own:
what it knows is :class:`Earlier`, so a sink that was started again answers as before.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import socket
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")
LONGEST = 1 << 20  # bytes of a question


@dataclass(frozen=True)
class Asked:
    """One question: the path without the provider's name; ``body`` is JSON, or null."""

    method: str
    path: str
    query: str
    body: Any
    caller: str | None  # a fingerprint of the API key, so that the ledger holds no secret

    def take(self, name: str, kind: type[T]) -> T:
        """Return a field of the body. Raises ValueError, answered with 400, if it is not there."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"`{name}` is missing, or no {kind.__name__}")
        return value


@dataclass(frozen=True)
class Exchange:
    """A question and its answer, as the ledger keeps them."""

    id: str
    provider: str
    at: str  # UTC, ISO 8601
    asked: Asked
    status: int
    answer: Any


class Earlier(tuple[Exchange, ...]):
    """What one provider was asked before, the oldest first."""

    __slots__ = ()

    def answer_about(self, key: str, *paths: str) -> dict[str, Any] | None:
        """Return the first answer that was given at one of the paths and names this key."""
        told = (e.answer for e in self if e.asked.path in paths and isinstance(e.answer, dict))
        return next((answer for answer in told if answer.get("key") == key), None)


Answer = Callable[[Asked, Earlier], tuple[int, Any]]


class Ledger:
    """Lines of JSON. A line that a crash left unfinished is cut off: nobody heard its answer."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._all: list[Exchange] = []
        self._of: dict[str, list[Exchange]] = defaultdict(list)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        whole = path.read_bytes().rpartition(b"\n")
        os.ftruncate(self._file, len(whole[0] + whole[1]))
        for line in whole[0].splitlines():
            read = json.loads(line)
            self._keep(Exchange(**{**read, "asked": Asked(**read["asked"])}))

    def all(self) -> Earlier:
        """Return everything."""
        return Earlier(self._all)

    def of(self, provider: str) -> Earlier:
        """Return what the provider was asked."""
        return Earlier(self._of.get(provider, ()))

    def write(self, provider: str, asked: Asked, status: int, answer: Any) -> None:
        """Return once the exchange is on disk."""
        with self._lock:
            exchange = Exchange(
                f"sink_{len(self._all) + 1:08d}", provider, now(), asked, status, answer
            )
            line = json.dumps(asdict(exchange), ensure_ascii=False) + "\n"
            os.write(self._file, line.encode(errors="replace"))
            os.fsync(self._file)
            self._keep(exchange)

    def _keep(self, exchange: Exchange) -> None:
        self._all.append(exchange)
        self._of[exchange.provider].append(exchange)


class Sink:
    """The programs of the providers, and the ledger."""

    def __init__(self, programs: Mapping[str, Answer], ledger: Ledger) -> None:
        self._programs, self.ledger = programs, ledger
        self._turns = {name: threading.Lock() for name in programs}

    def ask(self, provider: str, asked: Asked) -> tuple[int, Any]:
        """Return status and body of the answer, once the exchange is on disk."""
        if provider not in self._programs:
            status, answer = 404, {"error": f"no provider of the drill is called {provider}"}
            self.ledger.write(provider, asked, status, answer)
            return status, answer
        with self._turns[provider]:
            status, answer = self._answered(provider, asked)
            self.ledger.write(provider, asked, status, answer)
        return status, answer

    def _answered(self, provider: str, asked: Asked) -> tuple[int, Any]:
        try:
            status, answer = self._programs[provider](asked, self.ledger.of(provider))
            json.dumps(answer)
        except ValueError as error:
            return 400, {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - the shop's own program: any of its errors
            traceback.print_exc()
            return 500, {"error": f"{provider}: {type(error).__name__}: {error}"}
        return int(status), answer


class Handler(BaseHTTPRequestHandler):
    """``/PROVIDER/…`` for the programs; ``GET /ledger[?provider=NAME]`` for who looks."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def __getattr__(self, name: str) -> Any:
        """Return what answers, for any method: nothing that a shop asks may pass unwritten."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        url = urlsplit(self.path)
        if self.command == "GET" and url.path == "/ledger":
            wanted = parse_qs(url.query).get("provider")
            ledger = self.server.sink.ledger
            found = ledger.of(wanted[0]) if wanted else ledger.all()
            self._reply(200, {"entries": [asdict(exchange) for exchange in found]})
            return
        try:
            body = self._body()
        except ValueError as error:
            self.close_connection = True  # what is left of the body would be the next question
            self._reply(400, {"error": str(error)})
            return
        _, provider, *rest = url.path.split("/", 2)
        asked = Asked(self.command, "/" + "".join(rest), url.query, body, self._caller())
        self._reply(*self.server.sink.ask(provider, asked))

    def _body(self) -> Any:
        given = self.headers.get("Content-Length", "0")
        if not given.isdecimal() or int(given) > LONGEST or "Transfer-Encoding" in self.headers:
            raise ValueError(f"a question has a Content-Length of at most {LONGEST}")
        read = self.rfile.read(int(given)).decode(errors="replace")
        try:
            return json.loads(read) if read else None
        except ValueError:
            return read

    def _caller(self) -> str | None:
        header = self.headers.get("Authorization")
        return hashlib.sha256(header.encode()).hexdigest()[:12] if header else None

    def _reply(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the ledger says it all."""


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sink: Sink) -> None:
        super().__init__(address, Handler)
        self.sink = sink


def now() -> str:
    """Return the time, UTC, to the millisecond."""
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}+00:00"


def programs(folder: Path) -> dict[str, Answer]:
    """Return provider → its function. Raises SystemExit naming what is no such program."""
    found: dict[str, Answer] = {}
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{len(found)}", path)
        if spec is None or spec.loader is None:
            raise SystemExit(f"{path} cannot be read as a program")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            found[path.stem] = module.answer
        except Exception as error:
            raise SystemExit(f"{path} is no program that answers: {error}") from error
    return found


def tell_systemd() -> None:
    """Say that questions are answered (Type=notify)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(address.replace("@", "\0", 1))
            notify.send(b"READY=1")


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--programs", type=Path, default=Path("/usr/local/lib/drkit-sink"))
    parser.add_argument("--ledger", type=Path, default=Path("/var/lib/drkit-sink/ledger.jsonl"))
    given = parser.parse_args()
    sink = Sink(programs(given.programs), Ledger(given.ledger))
    with Server((given.address, given.port), sink) as server:
        tell_systemd()
        server.serve_forever()


if __name__ == "__main__":
    main()
