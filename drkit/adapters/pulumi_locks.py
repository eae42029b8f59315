"""Who holds a stack's lock: the files that Pulumi's own backend keeps beside its state.

Layout and fields as pulumi 3.259 writes them: ``.pulumi/locks/organization/PROJECT/STACK/*.json``
with ``pid``, ``username``, ``hostname``, ``timestamp``.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drkit import processes
from drkit.errors import StepError

_LOCKS = ".pulumi/locks/organization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """An update that has begun and not given its lock back."""

    pid: int
    user: str
    host: str
    since: str

    @property
    def owner(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since}"

    def lives(self) -> bool:
        """Whether its owner lives on this machine."""
        return processes.runs(self.pid, "pulumi")


def read_locks(url: str, s3: Callable[[], Any], *, project: str, stack: str) -> list[Lock]:
    """The locks of a stack in the backend ``url``: ``file://FOLDER``, or ``s3://BUCKET``, which
    the boto3 client that ``s3`` gives reads. Raises StepError for what is no lock.
    """
    where = urllib.parse.urlsplit(url)
    place = f"{_LOCKS}/{project}/{stack}/"
    texts = (
        _in_bucket(s3(), where.netloc, place) if where.scheme == "s3" else _in(where.path, place)
    )
    return [_read(text, stack) for text in texts]


def _in(folder: str, place: str) -> Iterator[str]:
    for path in sorted((Path(folder) / place).glob("*.json")):
        yield path.read_text()


def _in_bucket(s3: Any, bucket: str, place: str) -> Iterator[str]:
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix=place).get("Contents", ()):
        yield s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode()


def _read(text: str, stack: str) -> Lock:
    try:
        found = json.loads(text)
        return Lock(
            pid=int(found["pid"]),
            user=str(found["username"]),
            host=str(found["hostname"]),
            since=str(found["timestamp"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StepError(
            f"a lock of {stack} in the state bucket cannot be read: {error!r}",
            remedy="see that nobody updates the stack, then `pulumi cancel` it",
        ) from error
