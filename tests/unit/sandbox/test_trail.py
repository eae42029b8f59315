"""The sandbox's record of calls, as LookupEvents tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drkit.sandbox import trail as recording
from drkit.sandbox.trail import Event, Lookup, Trail, s3_event

NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)


def event(name: str, **parts: Any) -> Event:
    given: dict[str, Any] = {
        "at": NOW,
        "service": "ec2",
        "region": "eu-west-3",
        "key": "AKIA1",
        "user": "operator",
        "agent": "Boto3 app/drkit-1",
        "refused": False,
        "parameters": {},
    }
    return Event(**(given | parts), name=name)


def holding(*events: Event) -> Trail:
    made = Trail("000000000000")
    for each in events:
        made.take(each)
    return made


def pages(trail: Trail, **parts: Any) -> Iterator[list[str]]:
    """The names of the events, page by page."""
    given: dict[str, Any] = {
        "region": "eu-west-3",
        "since": None,
        "until": None,
        "reads": None,
        "before": None,
        "most": 50,
    }
    token: str | None = ""
    while token is not None:
        given |= parts | {"before": int(token) if token else None}
        answer = trail.answer(Lookup(**given))
        yield [each["EventName"] for each in answer["Events"]]
        token = answer.get("NextToken")


def test_the_newest_is_told_first_and_a_page_goes_on_where_the_last_one_ended() -> None:
    held = holding(*(event(f"Create{number}") for number in range(5)))
    assert list(pages(held, most=2)) == [
        ["Create4", "Create3"],
        ["Create2", "Create1"],
        ["Create0"],
    ]
    assert list(pages(held, most=5)) == [["Create4", "Create3", "Create2", "Create1", "Create0"]]


def test_what_is_recorded_between_two_pages_is_told_by_neither() -> None:
    held = holding(event("A"), event("B"))
    told = pages(held, most=1)
    assert next(told) == ["B"]
    held.take(event("C"))
    assert list(told) == [["A"]]


def test_only_what_is_asked_for_is_told() -> None:
    hour = timedelta(hours=1)
    held = holding(
        event("Old", at=NOW - hour),
        event("New", at=NOW + hour),
        event("There", region="eu-north-1"),
        event("DescribeVpcs"),
        event("CreateVpc"),
    )
    around = {"since": NOW, "until": NOW}
    assert list(pages(held, **around)) == [["CreateVpc", "DescribeVpcs"]]
    assert list(pages(held, **around, reads=True)) == [["DescribeVpcs"]]
    assert list(pages(held, **around, reads=False)) == [["CreateVpc"]]
    assert list(pages(held, region="eu-north-1")) == [["There"]]


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "HELD", 2)
    assert list(pages(holding(event("A"), event("B"), event("C")))) == [["C", "B"]]


def test_an_event_says_who_called_what_of_whom_and_whether_it_was_refused() -> None:
    about = {"bucketName": "b"}
    held = holding(event("GetBucketAcl", service="s3", parameters=about, refused=True))
    [told] = held.answer(
        Lookup(region="eu-west-3", since=None, until=None, reads=None, before=None, most=1)
    )["Events"]
    whole = json.loads(told["CloudTrailEvent"])
    assert (told["Username"], told["ReadOnly"]) == ("operator", "true")
    assert whole["eventSource"] == "s3.amazonaws.com"
    assert whole["eventTime"] == "2026-11-27T02:00:00Z"
    assert whole["requestParameters"] == about
    assert whole["userAgent"] == "Boto3 app/drkit-1"
    assert whole["errorCode"] == "AccessDenied"


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("CreateBucket", "CreateBucket"),
        ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
        ("ListObjectsV2", None),
        ("HeadBucket", None),
    ],
)
def test_events_of_s3_are_called_as_aws_calls_them(operation: str, name: str | None) -> None:
    assert s3_event(operation) == name
