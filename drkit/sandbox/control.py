"""How the CLI speaks with the daemon: one line of JSON each way over a unix socket.

The socket lies in the sandbox's folder, which only its owner may enter.
"""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

from drkit.errors import DrkitError, SandboxError, UsageError

LIMIT = timedelta(seconds=20)
Answer = dict[str, Any]
"""What goes over the wire; its shape is the asker's and the answerer's."""

log = logging.getLogger(__name__)


def ask(path: Path, question: str, *arguments: str) -> Answer:
    """Ask the daemon. Raises SandboxError when it does not answer, UsageError when it refuses."""
    with socket(AF_UNIX, SOCK_STREAM) as line:
        line.settimeout(LIMIT.total_seconds())
        try:
            line.connect(str(path))
            line.sendall(json.dumps([question, *arguments]).encode() + b"\n")
            with line.makefile() as reader:
                answer: Answer = json.loads(reader.readline())
        except (OSError, ValueError) as error:
            raise SandboxError(
                f"the sandbox's daemon does not answer ({error})",
                remedy="drkit sandbox down, then drkit sandbox up",
            ) from error
    if "refused" in answer:
        raise UsageError(answer["refused"], remedy=answer.get("remedy", ""))
    if "failed" in answer:
        raise SandboxError(answer["failed"], remedy=answer.get("remedy", ""))
    return answer


def serve(path: Path, answers: dict[str, Callable[..., Answer]]) -> None:
    """Answer questions in a thread of its own."""

    class Line(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(json.dumps(_answer(self.rfile.readline(), answers)).encode() + b"\n")

    path.unlink(missing_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Line)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()


def _answer(line: bytes, answers: dict[str, Callable[..., Answer]]) -> Answer:
    try:
        question, *arguments = json.loads(line)
        return answers[question](*arguments)
    except UsageError as error:
        return {"refused": str(error), "remedy": error.remedy}
    except (DrkitError, OSError, ValueError, TypeError, LookupError) as error:
        log.exception("question %r", line)
        return {"failed": f"{type(error).__name__}: {error}"}
