"""Small objects in a bucket outside: read, listed, and written by conditional PUT only.

One client for all calls (making one costs more than a call), which threads may share.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from drkit.adapters.cloud import ANSWER, bucket_exists, client, error_code, said_by_cloud
from drkit.adapters.codec import T, from_json
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World

_LOST_RACE = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})
_NOT_THERE = frozenset({"NoSuchKey", "404"})
_OLDER = "bring back an older version of the object: the bucket keeps them"
_REMEDY = "check the outside location and the credentials; `drkit prepare` makes the bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    body: bytes
    tag: str
    """For the conditional PUT that replaces exactly this."""
    written: datetime
    age: timedelta
    """Since it was written, by the clock of the store."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What was written beside the body, in one with it."""


def value_of(stored: Stored, cls: type[T], *, said: str, remedy: str = _OLDER) -> T:
    """What was written down as JSON. Raises ConfigurationError, which says ``said``, for what is no
    such value.
    """
    try:
        return from_json(json.loads(stored.body), cls)
    except Exception as error:  # cattrs raises what the value makes of it
        raise ConfigurationError(f"{said}: {error!r}", remedy=remedy) from error


class OutsideStore:
    """The objects below no other prefix than their own: ``leases/``, ``journals/``, ``stacks/``,
    ``generations/``, ``removals/``, ``reaped/``.
    """

    def __init__(
        self, world: World, plan: Plan, *, bucket: str = "", answer: timedelta = ANSWER
    ) -> None:
        """In the plan's state bucket if no other is named; ``answer`` is what a call may take."""
        self._s3 = client(world, "s3", plan.outside.region, answer=answer)
        self.bucket = bucket or plan.outside.state

    def is_there(self) -> bool:
        """Whether its bucket was made. Raises ConfigurationError."""
        try:
            return bucket_exists(self._s3, self.bucket)
        except said_by_cloud() as error:
            raise self._trouble("asked for", "", error) from error

    def read(self, key: str) -> Stored | None:
        """None where there is no such object. Raises ConfigurationError for any other answer."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
            body = answer["Body"].read()
        except said_by_cloud() as error:
            if error_code(error) in _NOT_THERE:
                return None
            raise self._trouble("read", key, error) from error
        now = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        age = parsedate_to_datetime(now) - answer["LastModified"] if now else timedelta(0)
        return Stored(
            body=body,
            tag=answer["ETag"],
            written=answer["LastModified"],
            age=max(age, timedelta(0)),
            notes=answer["Metadata"],
        )

    def put(
        self,
        key: str,
        body: bytes,
        *,
        replacing: str = "",
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> str | None:
        """Write an object that is not there, or in place of the one whose tag is ``replacing``.
        ``notes`` are kept with it: ASCII, at most 2 KB together, names in small letters.

        Returns the new tag; None if somebody else was first. Raises ConfigurationError.
        """
        condition: Mapping[str, str] = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"}
        try:
            answer = self._s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                Metadata=dict(notes),
                **condition,
            )
        except said_by_cloud() as error:
            if error_code(error) in _LOST_RACE | _NOT_THERE:
                return None
            raise self._trouble("written", key, error) from error
        return str(answer["ETag"])

    def remove(self, key: str) -> None:
        """Take an object away; one that is gone already is fine. Raises ConfigurationError."""
        try:
            self._s3.delete_object(Bucket=self.bucket, Key=key)
        except said_by_cloud() as error:
            raise self._trouble("removed", key, error) from error

    def names(self, prefix: str) -> Iterator[str]:
        """What stands below ``prefix`` (it ends in a slash), one level deep, sorted: objects by
        their name, folders with a slash. Raises ConfigurationError.
        """
        pages = self._s3.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
                found = [entry["Key"] for entry in page.get("Contents", ())]
                found += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
                yield from sorted(name.removeprefix(prefix) for name in found)
        except said_by_cloud() as error:
            raise self._trouble("listed", prefix, error) from error

    def _trouble(self, done: str, key: str, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"s3://{self.bucket}/{key} cannot be {done}: {error}", remedy=_REMEDY
        )
