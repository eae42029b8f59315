"""The copies of a stack's state in the second place, without a CLI: which are made, kept, taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from drkit.adapters.state_copies import KEPT, MARK, StateCopies
from drkit.errors import StepError
from tests.contract.pulumi.conftest import Site
from tests.contract.pulumi.stored import Stored


@pytest.fixture
def stored(site: Site) -> Iterator[Stored]:
    s3, outside = site.cloud.client("s3", "eu-north-1"), site.context.plan.outside
    where = {"LocationConstraint": outside.region}
    s3.create_bucket(Bucket=outside.backups, CreateBucketConfiguration=where)
    made = Stored(site, "network")
    yield made
    made.delete()
    made.forget_copies()
    s3.delete_bucket(Bucket=outside.backups)


@pytest.fixture
def copies(site: Site) -> StateCopies:
    context = site.context
    return StateCopies(context.world, context.plan, project="network", stack=context.target.name)


def state(number: int = 0, *, mark: str = "") -> bytes:
    """One of many states of network, each with another ``number`` in it."""
    checkpoint = {"stack": "organization/network/eu-central-1.g2", "latest": {"manifest": number}}
    more = {MARK: mark} if mark else {}
    return json.dumps({"version": 3, "checkpoint": checkpoint, **more}).encode()


def test_the_last_copies_are_kept_and_the_same_state_is_copied_once(
    stored: Stored, copies: StateCopies
) -> None:
    for number in range(KEPT + 2):
        stored.write(state(number))
        copies.keep()
    kept = stored.copies()
    assert len(kept) == KEPT
    copies.keep()
    assert stored.copies() == kept


@pytest.mark.parametrize(
    "bad",
    [
        b"{}",
        state()[:40],
        state(mark="brought back"),
        state().replace(b'"manifest"', b'"pending_operations": [1], "manifest"'),
    ],
)
def test_a_state_that_is_not_the_whole_truth_takes_no_copys_place(
    stored: Stored, copies: StateCopies, bad: bytes
) -> None:
    stored.write(bad)
    copies.keep()
    assert stored.copies() == {}


def test_the_newest_copy_whose_digest_is_right_is_taken(
    stored: Stored, copies: StateCopies
) -> None:
    stored.add_copy(state(1), moment="20260101T000000Z")
    stored.add_copy(state(2), moment="20260102T000000Z")
    stored.add_copy(state(3), moment="20260103T000000Z", digest="0" * 16)
    stored.add_copy(b"{}", moment="20260104T000000Z")
    newest = copies.newest()
    assert newest is not None
    assert newest.body == state(2)
    assert newest.moment.day == 2


def test_of_two_that_write_a_state_the_second_is_told(stored: Stored, copies: StateCopies) -> None:
    document = json.loads(state(1))
    copies.write(document, over=None, key=stored.key)
    seen = copies.original()
    stored.write(state(2))
    for over in (None, seen):
        with pytest.raises(StepError, match="written by somebody else"):
            copies.write(document, over=over, key=stored.key)
    assert stored.body() == state(2)


def test_a_packed_state_is_copied_as_it_is(stored: Stored, copies: StateCopies, site: Site) -> None:
    packed = gzip.compress(state(1), mtime=0)
    s3, bucket = site.cloud.client("s3", "eu-north-1"), site.context.plan.outside.state
    s3.put_object(Bucket=bucket, Key=f"{stored.key}.gz", Body=packed)
    copies.keep()
    s3.delete_object(Bucket=bucket, Key=f"{stored.key}.gz")
    [(name, body)] = stored.copies().items()
    assert name.endswith(".json.gz")
    assert body == packed
    newest = copies.newest()
    assert newest is not None
    assert copies.key_of(newest) == f"{stored.key}.gz"
