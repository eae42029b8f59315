"""Where Pulumi keeps the states of its stacks in a bucket: an object each, plain or packed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_PREFIX = ".pulumi/stacks/"
ENDINGS = (".json", ".json.gz")
_KEY = re.compile(rf"{re.escape(_PREFIX)}([^/]+)/([^/]+?)(\.json(?:\.gz)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """The place of one state."""

    project: str
    stack: str
    ending: str
    """One of :data:`ENDINGS`; what is kept under either may be plain or packed."""

    @property
    def key(self) -> str:
        return f"{_PREFIX}{self.project}/{self.stack}{self.ending}"


def stored_states(s3: Any, bucket: str) -> Iterator[StoredState]:
    """Every state in ``bucket``. Any: boto3's client. Raises what boto3 raises."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_PREFIX):
        for entry in page.get("Contents", ()):
            if match := _KEY.fullmatch(entry["Key"]):
                project, stack, ending = match.groups()
                yield StoredState(project=project, stack=stack, ending=ending)
