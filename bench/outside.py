"""A journal kept outside as well, in a bucket of moto: a process of its own on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from drkit.adapters.clock import SystemClock
from drkit.adapters.cloud import client
from drkit.adapters.held import Held
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.journal_outside import JournalOutside
from drkit.adapters.lease import holder_here, take
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner
from tests.contract.cloud.values import world_at
from tests.fakes.documents import plan_at

REGION, RUN = "eu-central-1", "20261123-060000-rebuild-eu-central-1"
_LIMIT = 60.0


@contextmanager
def cloud() -> Iterator[str]:
    """The address of a cloud with nothing in it but the plan's bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        url = f"http://127.0.0.1:{port}"
        empty(url)
        yield url
    finally:
        server.terminate()
        server.wait(_LIMIT)


def empty(url: str) -> None:
    """Take all away but the plan's bucket."""
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    s3 = client(world_at(url), "s3", "eu-north-1")
    place = {"LocationConstraint": "eu-north-1"}
    s3.create_bucket(Bucket="corner-dr", CreateBucketConfiguration=place)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _LIMIT
    while True:
        with socket.socket() as way:
            if way.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise SystemExit(f"moto did not listen within {_LIMIT:.0f} s")
        time.sleep(0.05)


@contextmanager
def journal_outside() -> Iterator[JournalOutside]:
    """One that nobody else wants."""
    with cloud() as url, tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        root = Path(folder)
        store = OutsideStore(world_at(url), plan_at(root))
        me = holder_here(root, region=REGION, operator="bench@host", run=RUN)
        file = JournalFile(root / "journal.jsonl", now=SystemClock().now)
        with (
            Held(store, take(store, me, None), Owner(root)) as held,
            JournalOutside(file, held, run=RUN, known=0) as journal,
        ):
            yield journal
