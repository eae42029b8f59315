"""A sink in a process of its own, as it runs on a jump host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from drkit.processes import die_with_parent
from drkit.recovery import collections_path
from tests.integration.playbooks.lab import eventually

ROOT = Path(__file__).parents[3]
PROGRAM = (
    collections_path() / "ansible_collections/drkit/recovery/roles/sink/files" / "drkit_sink.py"
)
SHOP = {
    "card-a": ROOT / "checks/sinks/card.py",
    "carrier": ROOT / "checks/sinks/carrier.py",
    "mailbox": ROOT / "checks/sinks/mailbox.py",
}


@dataclass(slots=True, kw_only=True)
class Sink:
    folder: Path
    programs: Mapping[str, Path]
    port: int = 0
    _process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ledger_file(self) -> Path:
        return self.folder / "ledger.jsonl"

    def start(self) -> None:
        there = self.folder / "programs"
        there.mkdir(exist_ok=True)
        for name, program in self.programs.items():
            shutil.copy(program, there / f"{name}.py")
        self.port = self.port or _free_port()
        words = ["--address", "127.0.0.1", "--port", str(self.port)]
        words += ["--programs", str(there), "--ledger", str(self.ledger_file)]
        tests = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words],
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent=tests),
        )
        eventually(self._listens, within=20)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def ask(self, path: str, body: object = None, **given: Any) -> tuple[int, Any]:
        """Status and JSON of the answer; a question with a body is a POST."""
        method = given.pop("method", "GET" if body is None else "POST")
        content = body if isinstance(body, bytes) else None
        if body is not None and content is None:
            content = json.dumps(body).encode()
        answer = httpx.request(
            method, self.url + path, content=content, timeout=20, trust_env=False, **given
        )
        return answer.status_code, answer.json()

    def ledger(self, provider: str = "") -> list[dict[str, Any]]:
        status, page = self.ask(f"/ledger?provider={provider}" if provider else "/ledger")
        assert status == 200
        entries: list[dict[str, Any]] = page["entries"]
        return entries

    def _listens(self) -> bool:
        assert self._process.poll() is None, "the sink has ended"
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
