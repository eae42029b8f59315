"""Which recovery points the backup bucket holds: by the objects of the tools' own repositories.

Refuses to take a repository for a backup: pgBackRest and restic write their marks when a repository
is made, long before there is anything to restore.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from drkit.adapters.cloud import client, said_by_cloud
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan, RestoreTool, Store
from drkit.ports import World
from drkit.reporting.readiness.points import Newest, kept

_MANIFEST = re.compile(r"(?P<full>\d{8}-\d{6})F(_(?P<later>\d{8}-\d{6})[DI])?/backup\.manifest")
"""Of a backup that is whole; its folder is named after the moment it began, in UTC on our hosts."""
_SEGMENT = re.compile(r"/[0-9A-F]{24}-[0-9a-f]{40}(\.\w+)?")
"""Of WAL: its name, the checksum of what it holds, and how it is packed."""


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


def newest_points(world: World, plan: Plan) -> Newest:
    """Of each store with data to lose the latest moment to which it can be brought back. Raises
    ConfigurationError where the bucket cannot be read.
    """
    try:
        return {store.name: _newest(world, plan, store) for store in kept(plan)}
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"s3://{plan.outside.backups} cannot be read: {error}",
            remedy="check the outside location and the credentials; `drkit prepare` makes it",
        ) from error


def _newest(world: World, plan: Plan, store: Store) -> datetime | None:
    """None where no backup is whole. Of a database with one: when the newest segment of its WAL was
    archived.
    """
    points = recovery_points(world, plan, store)
    if not points or store.restore is not RestoreTool.PGBACKREST:
        return max(points, default=None)
    s3, bucket = client(world, "s3", plan.outside.region), plan.outside.backups
    archive = f"pgbackrest/archive/{store.stanza or store.name}/"
    return max([points[-1], *_archived(s3, bucket, archive)])


def _archived(s3: Any, bucket: str, archive: str) -> list[datetime]:
    """When the segments of the newest folder were written: ``16-1/0000000200000003/``, of one
    database after its upgrades, and of one timeline. None of it is listed that is older.
    """
    databases = _folders(s3, bucket, archive)
    newest = max(databases, key=lambda name: _number(name.rstrip("/")), default="")
    logs = _folders(s3, bucket, newest) if newest else []
    entries = _entries(s3, bucket, max(logs)) if logs else []
    return [entry["LastModified"] for entry in entries if _SEGMENT.search(str(entry["Key"]))]


def _folders(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [str(entry["Prefix"]) for page in found for entry in page.get("CommonPrefixes", ())]


def _number(name: str) -> int:
    """``2`` of ``…/17-2``; -1 of what has none."""
    last = name.rpartition("-")[2]
    return int(last) if last.isdecimal() else -1


def _entries(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry for page in pages for entry in page.get("Contents", ())]


def _began(name: str) -> datetime | None:
    match = _MANIFEST.fullmatch(name)
    if match is None:
        return None
    return datetime.strptime(match["later"] or match["full"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
