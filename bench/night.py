"""A whole night, by its timer: nobody types `drkit validate`, and somebody is told how it went.

The reference shop serves in a sandbox; `drkit schedule install --tell always` puts the night of its
standby on the clock of a real systemd of the user (:mod:`bench.own_systemd`); then nothing is done
but to wait for the notice, by a webhook (a server on this machine) and by mail (a `sendmail` that
keeps it). Told are when the night was due, began and ended, and the notice. The spread of ten
minutes is taken out of the timer. Refuses to begin where a sandbox is up.

    python -m bench.night
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from bench.own_systemd import own_systemd, systemctl
from bench.table import keep, load
from bench.typed import drkit
from bench.validate import STANDBY, must, serving

UNIT = f"drkit-validate-boutique-{STANDBY}"
_LIMIT = 1500
"""Seconds from the timer to the notice."""


@contextmanager
def webhook() -> Iterator[tuple[str, Queue[str]]]:
    """Its address, and what is posted there."""
    posts: Queue[str] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", posts
        finally:
            server.shutdown()
            thread.join()


def sendmail(folder: Path) -> Path:
    """A program of this name, first on PATH, that keeps what it is given; where it keeps it."""
    kept, program = folder / "mail.txt", folder / "bin/sendmail"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat > {kept}\n")
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return kept


def at_the_next_minute(root: Path, address: str) -> datetime:
    """Put the night on the clock; returns when it is due."""
    due = (datetime.now().astimezone() + timedelta(seconds=75)).replace(second=0, microsecond=0)
    exact = Path(os.environ["XDG_CONFIG_HOME"]) / f"systemd/user/{UNIT}.timer.d/exact.conf"
    exact.parent.mkdir(parents=True)
    exact.write_text("[Timer]\nRandomizedDelaySec=0\n")
    os.environ["DRKIT_WEBHOOK"] = address
    asked = ("--region", STANDBY, "--at", f"{due:%H:%M}", "--mail", "sre@shop.example")
    must(root, "schedule", "install", *asked, "--tell", "always")
    return due


def measured(root: Path) -> dict[str, Any]:
    must(root, "backup", "--type", "full")  # of a shop without customers, so that RPO is unknown: 8
    mail = sendmail(root)
    with own_systemd(root), webhook() as (address, posts):
        due, before = at_the_next_minute(root, address), load()
        try:
            told = posts.get(timeout=_LIMIT)
        except Empty:
            said = systemctl("status", f"{UNIT}*").stdout
            raise SystemExit(f"no notice within {_LIMIT} s:\n{said}") from None
        while "activating" in systemctl("is-active", f"{UNIT}-failed", f"{UNIT}-well").stdout:
            time.sleep(0.1)  # the mail goes after the post
        [night] = json.loads(drkit(root, "schedule", "show", "--output", "json").stdout)["nights"]
        must(root, "schedule", "remove", "--region", STANDBY)
    subject = next(s for s in mail.read_text().splitlines() if s.startswith("Subject: "))
    return {
        "load before": before,
        "due": due.isoformat(),
        **{key: night[key] for key in ("began", "ended", "exit", "result", "next")},
        "posted": json.loads(told)["text"],
        "subject": subject.removeprefix("Subject: "),
        "left": drkit(root, "reap", STANDBY).stdout.strip(),
    }


def main() -> None:
    with serving() as root:
        found = measured(root)
    print("\n".join(f"{name:<12} {value}" for name, value in found.items()))
    print(keep("night", found))


if __name__ == "__main__":
    main()
