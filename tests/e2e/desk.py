"""An operator's desk: a folder with the shop's plan, a terminal, and what was typed and said."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.journal_file import read_journal
from drkit.model.record import Record
from tests.integration.sandbox.lab import Sandbox

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
PARTS = ("stacks", "playbooks", "checks", "shop", "demo")
LIMIT = 600
"""Seconds for any one command: many times what the slowest takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Commands are typed in ``root``; the sandbox is this session's own."""

    root: Path
    environment: Mapping[str, str] = field(repr=False)
    sandbox: Sandbox = field(repr=False)
    transcripts: list[str] = field(default_factory=list, repr=False)
    """All that any command said."""

    @classmethod
    def at(cls, root: Path) -> Desk:
        """Copy the plan and what belongs to it into ``root``."""
        for part in PARTS:
            ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
            shutil.copytree(ROOT / part, root / part, ignore=ignored)
        shutil.copy(ROOT / "drkit.yaml", root)
        folder = root / "state" / "sandbox"
        environment = {
            **os.environ,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "DRKIT_SANDBOX": str(folder),
            "TERM": "xterm",
        }
        # without byte code each start of a Pulumi program costs seconds
        for name in ("PYTHONDONTWRITEBYTECODE", "DRKIT_PLAN"):
            environment.pop(name, None)
        return cls(root=root, environment=environment, sandbox=Sandbox(folder=folder, keys=root))

    def drkit(self, *arguments: str, mark: str = "") -> Said:
        """Type a command without a terminal and wait for its end."""
        return self.ended(self.begin(*arguments, mark=mark))

    def begin(self, *arguments: str, mark: str = "") -> subprocess.Popen[str]:
        """Type a command and go on. Every process of it carries ``mark``."""
        return self.program(str(PROGRAMS / "drkit"), *arguments, mark=mark)

    def program(self, *command: str, mark: str = "") -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.environment, "DRKIT_TEST_MARK": mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Said:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except BaseException:
            process.kill()
            raise
        self.transcripts.extend((out, err))
        return Said(code=process.returncode, out=out, err=err)

    def interrupted(self, process: subprocess.Popen[str]) -> Said:
        """End a command as Ctrl-C does."""
        process.send_signal(signal.SIGINT)
        return self.ended(process)

    def plan_with(self, old: str, new: str) -> Path:
        """Another plan beside the real one, in which ``new`` stands where ``old`` stood."""
        text = (self.root / "drkit.yaml").read_text()
        assert old in text, "the plan has changed: this test changes nothing in it"
        path = self.root / "other.yaml"
        path.write_text(text.replace(old, new))
        return path

    def runs(self, kind: str = "*") -> list[Run]:
        """The runs of this desk, oldest first."""
        found = (self.root / ".drkit" / "runs").glob(f"*-{kind}-*/journal.jsonl")
        return [Run(folder=path.parent) for path in sorted(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as its files tell it."""

    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "report.json").read_text()))

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        return {step["id"]: step for step in self.report["steps"]}

    def records(self) -> tuple[Record, ...]:
        """Every record; raises JournalDamaged where the chain does not hold."""
        return read_journal(self.folder / "journal.jsonl")


class Terminal:
    """A command on a terminal of its own, at which somebody sits."""

    def __init__(self, desk: Desk, *arguments: str) -> None:
        self._desk = desk
        self._screen, line = pty.openpty()
        self._seen = b""
        self._process = subprocess.Popen(
            [PROGRAMS / "drkit", *arguments],
            cwd=desk.root,
            env=desk.environment,
            stdin=line,
            stdout=line,
            stderr=line,
            start_new_session=True,
        )
        os.close(line)

    def read_until(self, words: str) -> None:
        """Wait until ``words`` stand on the screen."""
        deadline = time.monotonic() + LIMIT
        while words not in self._shown():
            assert time.monotonic() < deadline, f"never said {words!r}: {self._shown()[-2000:]}"
            if not self._take():
                self._process.wait(timeout=LIMIT)
                pytest.fail(f"ended before it said {words!r}: {self._shown()[-4000:]}")

    def type(self, line: str) -> None:
        os.write(self._screen, f"{line}\n".encode())

    def end(self) -> Said:
        """Read to the command's end."""
        while self._take():
            pass
        code = self._process.wait(timeout=LIMIT)
        os.close(self._screen)
        self._desk.transcripts.append(self._shown())
        return Said(code=code, out=self._shown(), err="")

    def _take(self) -> bool:
        try:
            part = os.read(self._screen, 65536)
        except OSError:  # Linux: nobody holds the other side any more
            return False
        self._seen += part
        return bool(part)

    def _shown(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._seen.decode(errors="replace"))
