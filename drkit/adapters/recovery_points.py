"""Which recovery points the backup bucket holds: by the objects of the tools' own repositories.

Refuses to take a repository for a backup: pgBackRest and restic write their marks when a repository
is made, long before there is anything to restore.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from drkit.adapters.cloud import client
from drkit.model.plan import Plan, RestoreTool, Store
from drkit.ports import World

_MANIFEST = re.compile(r"(?P<full>\d{8}-\d{6})F(_(?P<later>\d{8}-\d{6})[DI])?/backup\.manifest")
"""Of a backup that is whole; its folder is named after the moment it began, in UTC on our hosts."""


def recovery_points(world: World, plan: Plan, store: Store) -> tuple[datetime, ...]:
    """The moments to which ``store`` can be brought back at the earliest, oldest first.

    Raises what boto3 raises.
    """
    s3, bucket = client(world, "s3", plan.outside.region), plan.outside.backups
    match store.restore:
        case RestoreTool.PGBACKREST:
            prefix = f"pgbackrest/backup/{store.stanza or store.name}/"
            keys = [str(entry["Key"]) for entry in _entries(s3, bucket, prefix)]
            found = [_began(key.removeprefix(prefix)) for key in keys]
            return tuple(sorted(moment for moment in found if moment is not None))
        case RestoreTool.RESTIC:
            written = (entry["LastModified"] for entry in _entries(s3, bucket, "restic/snapshots/"))
            return tuple(sorted(written))
        case RestoreTool.REBUILD:
            return ()


def _entries(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry for page in pages for entry in page.get("Contents", ())]


def _began(name: str) -> datetime | None:
    match = _MANIFEST.fullmatch(name)
    if match is None:
        return None
    return datetime.strptime(match["later"] or match["full"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
