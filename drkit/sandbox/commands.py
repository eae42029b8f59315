"""The one place where the sandbox starts foreign programs that end by themselves.

Each has a time limit; a program that fails is an error with its own words.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from datetime import timedelta

from drkit.errors import SandboxError

LIMIT = timedelta(seconds=60)
PODMAN = ("podman", "--runtime", "runc")
"""crun, the default, fails under cgroup version 1 (measured with podman 4.3.1)."""


class CommandFailed(SandboxError):
    """A program said no. ``output`` is all that it said, ``status`` how it ended; None: it was not
    heard to the end."""

    def __init__(self, argv: Sequence[str], output: str, status: int | None = None) -> None:
        shown = shlex.join(argv)
        super().__init__(f"{shown[:200]}: {output.strip()[-800:] or 'failed without a word'}")
        self.output = output
        self.status = status


def run(argv: Sequence[str], *, given: str | None = None, limit: timedelta = LIMIT) -> str:
    """Run to the end and return standard output. Raises CommandFailed."""
    try:
        done = subprocess.run(
            argv,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=limit.total_seconds(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(argv, f"no end within {limit}") from error
    except OSError as error:
        raise CommandFailed(argv, str(error)) from error
    if done.returncode:
        raise CommandFailed(argv, done.stderr or done.stdout, done.returncode)
    return done.stdout


def holds(argv: Sequence[str]) -> bool:
    """Whether a program that asks a question (``iptables -C``) answers yes."""
    try:
        run(argv)
    except CommandFailed:
        return False
    return True


def exists(kind: str, name: str) -> bool:
    """Whether podman has a container, network or image of this name. Raises CommandFailed when it
    did not say: only 1 is its no, and unknown is not absent."""
    try:
        podman(kind, "exists", name)
    except CommandFailed as error:
        if error.status == 1:
            return False
        raise
    return True


def podman(*argv: str, limit: timedelta = LIMIT) -> str:
    """Run podman with the runtime that works here. Raises CommandFailed."""
    return run([*PODMAN, *argv], limit=limit)
