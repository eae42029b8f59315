"""Where Pulumi keeps the states of its stacks in a bucket, an object each, and what they hold.

Refuses to ask Pulumi for it: who only looks (`drkit ready`) is spared its SDK, whose import takes
longer than all the looks at the cloud.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_PREFIX = ".pulumi/stacks/"
ENDINGS = (".json", ".json.gz")
_PACKED = b"\x1f\x8b"
"""First bytes of gzip, which Pulumi packs with where PULUMI_DIY_BACKEND_GZIP is set."""
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


class Damaged(Exception):
    """A stored state that Pulumi could not read, or would take for one that holds nothing."""


def read_stored(body: bytes, *, project: str, stack: str) -> dict[str, Any]:
    """The document that Pulumi keeps a state in, plain or packed; secrets are encrypted in it.

    Raises Damaged. The CLI is not asked: it takes ``{}`` for a stack that has nothing yet, and
    would make everything a second time (pulumi 3.259).
    """
    try:
        document = json.loads(gzip.decompress(body) if body.startswith(_PACKED) else body)
    except (ValueError, OSError, EOFError) as error:
        raise Damaged(f"{len(body)} bytes that are no whole JSON") from error
    try:
        owner = str(document["checkpoint"]["stack"]).split("/")
        resources = resources_of(document)
        nameless = [entry for entry in resources if not (entry["urn"] and entry["type"])]
    except (LookupError, TypeError, AttributeError) as error:
        raise Damaged("not a state of Pulumi's") from error
    if owner[-1] != stack or (len(owner) > 1 and owner[-2] != project):
        raise Damaged(f"the state of {'/'.join(owner[-2:])}")
    if nameless:
        raise Damaged("resources without a name in it")
    return dict(document)


def resources_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of a stored state; none where no update was ever begun."""
    return list((document["checkpoint"].get("latest") or {}).get("resources") or ())


def pending_in(document: Mapping[str, Any]) -> bool:
    """Whether an update of a stored state was begun and never seen to end."""
    return bool((document["checkpoint"].get("latest") or {}).get("pending_operations"))
