"""The record of who called what, as CloudTrail tells it: moto keeps none.

A call is taken where moto judges it, so its error is that of IAM or none: what a service itself
answers is not in it. It is there at once, where AWS takes up to 15 minutes. Management events
alone, as AWS keeps them without being asked: what is done in a bucket is no such event. Bounded:
the oldest are forgotten, as AWS forgets after 90 days.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

HELD = 20_000
"""Calls: a rebuild of the reference shop makes some hundreds."""
PAGE = 50
"""As many as one answer of AWS has at the most."""
READING = ("Describe", "Get", "Head", "List", "Lookup", "Simulate")
_IN_BUCKETS = frozenset(
    {
        *("DeleteObjects", "HeadBucket", "ListMultipartUploads"),
        *("ListObjectVersions", "ListObjects", "ListObjectsV2"),
    }
)
"""What AWS counts among the data events, though it names no object."""
_NAMED_OTHERWISE: Mapping[str, str] = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""Operation of S3 → how its event is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``parameters``: of the call, those that name what it was about."""

    at: datetime
    service: str
    name: str
    region: str
    key: str
    user: str
    agent: str
    refused: bool
    parameters: Mapping[str, str]

    @property
    def reads(self) -> bool:
        return self.name.startswith(READING)


def s3_event(operation: str) -> str | None:
    """The name of the event of a call about a bucket; None: AWS keeps none of it."""
    return None if operation in _IN_BUCKETS else _NAMED_OTHERWISE.get(operation, operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What LookupEvents asks for. ``before``: the number of the last event that was told."""

    region: str
    since: datetime | None
    until: datetime | None
    reads: bool | None
    before: int | None
    most: int

    def wants(self, number: int, event: Event) -> bool:
        return (
            event.region == self.region
            and (self.before is None or number < self.before)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at <= self.until)
            and (self.reads is None or event.reads == self.reads)
        )


class Trail:
    """Of all regions. Safe to share between threads."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._events: deque[tuple[int, Event]] = deque(maxlen=HELD)
        self._next = 0

    def take(self, event: Event) -> None:
        with self._lock:
            self._events.append((self._next, event))
            self._next += 1

    def answer(self, lookup: Lookup) -> dict[str, Any]:
        """One page as LookupEvents tells it, the newest first."""
        with self._lock:
            newest_first = list(reversed(self._events))
        found = list(islice(_wanted(lookup, newest_first), lookup.most + 1))
        page = found[: lookup.most]
        answer: dict[str, Any] = {"Events": [self._told(*entry) for entry in page]}
        if len(found) > len(page):
            answer["NextToken"] = str(page[-1][0])
        return answer

    def _told(self, number: int, event: Event) -> dict[str, Any]:
        source = f"{event.service}.amazonaws.com"
        whole = {
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "IAMUser",
                "accountId": self._account,
                "accessKeyId": event.key,
                "userName": event.user,
            },
            "eventTime": f"{event.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": source,
            "eventName": event.name,
            "awsRegion": event.region,
            "userAgent": event.agent,
            "requestParameters": dict(event.parameters) or None,
            "readOnly": event.reads,
            "eventID": str(number),
        }
        if event.refused:
            whole["errorCode"] = "AccessDenied"
        return {
            "EventId": str(number),
            "EventName": event.name,
            "ReadOnly": str(event.reads).lower(),
            "AccessKeyId": event.key,
            "EventTime": event.at.timestamp(),
            "EventSource": source,
            "Username": event.user,
            "Resources": [],
            "CloudTrailEvent": json.dumps(whole),
        }


def _wanted(lookup: Lookup, events: list[tuple[int, Event]]) -> Iterator[tuple[int, Event]]:
    return ((number, event) for number, event in events if lookup.wants(number, event))
