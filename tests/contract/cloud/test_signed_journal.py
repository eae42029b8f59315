"""A journal signed as it is sent, and held to it: with the bucket, the lease and two places."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters import held as held_module
from drkit.adapters.cloud import client
from drkit.adapters.heads import SignedHead
from drkit.adapters.journal_copies import segments_outside
from drkit.adapters.journal_verify import check_segments
from drkit.adapters.lease import read_lease, take_over
from drkit.errors import UsageError
from drkit.model.record import RunResumed
from drkit.ports import World
from drkit.verifying import Verified, verify
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import BEGUN, ENDED, OVER, REGION, RUN, Place

LEASE = f"leases/{REGION}.json"
LAST = f"journals/{REGION}/{RUN}/00000003.jsonl"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_module, "EVERY", timedelta(seconds=0.1))


@pytest.fixture
def ana(shop: Write, world: World) -> Place:
    """A place that began a run, and ended it with a second command."""
    place = Place(world, shop(), "ana")
    place.record(RunResumed(operator="ana@host", pid=1, key=place.owner.key), BEGUN, ENDED)
    with place.hold() as held, place.open(held) as journal:
        journal.append(OVER)
    return place


def head_in_lease(place: Place) -> SignedHead | None:
    found = read_lease(place.store, REGION)
    return found.holder.head if found else None


def test_each_segment_is_signed_and_the_lease_says_how_far_the_journal_has_come(ana: Place) -> None:
    segments = segments_outside(ana.store, REGION, RUN)
    assert len(segments) > 1
    assert check_segments(segments, RUN, "outside").unsigned == 0
    head = head_in_lease(ana)
    assert head
    assert head.is_sound()
    assert (head.head.run, head.head.records, head.key) == (RUN, 4, ana.owner.key)
    assert ana.owner.remembered(RUN) == head


def test_a_head_outlives_a_takeover_and_the_next_run(ana: Place, world: World) -> None:
    """Else whoever takes the lease would take the only witness of the end away."""
    before = head_in_lease(ana)
    bo = Place(world, replace(ana.plan, root=ana.plan.root.parent), "bo")
    ana.take(RUN)
    found = read_lease(bo.store, REGION)
    assert found
    with held_module.Held(bo.store, take_over(bo.store, found, bo.me(RUN)), bo.owner):
        assert head_in_lease(bo) == before
    assert bo.owner.remembered(RUN) == before
    other = f"20261124-060000-rebuild-{REGION}"
    with bo.hold() as held, bo.open(held, other) as journal:
        journal.append(BEGUN)
    after = head_in_lease(bo)
    assert after
    assert after.head.run == other


def cut_off(place: Place) -> None:
    """The last record, in both copies."""
    client(place.world, "s3", "eu-north-1").delete_object(Bucket="corner-dr", Key=LAST)
    lines = place.journal.read_bytes().splitlines(keepends=True)
    place.journal.write_bytes(b"".join(lines[:-1]))


def said(found: Verified) -> str:
    return "\n".join(str(error) for error in found.damage)


def test_a_sound_journal_holds_in_both_places(ana: Place) -> None:
    found = verify(ana.plan, RUN)
    assert said(found) == ""
    assert [copy.records for copy in found.copies] == [4, 4]
    assert set(found.heads) == {"the lease", "this machine"}
    assert verify(ana.plan, None).run == RUN


def test_a_tail_that_was_cut_off_both_copies_is_found_by_the_lease_and_by_this_machine(
    ana: Place,
) -> None:
    cut_off(ana)
    assert "records 3 to 3 are cut off: the lease has the head" in said(verify(ana.plan, RUN))
    stored = ana.store.read(LEASE)
    assert stored
    without = {**json.loads(stored.body), "head": None}
    assert ana.store.put(LEASE, json.dumps(without).encode(), replacing=stored.tag)
    assert "cut off: this machine has the head" in said(verify(ana.plan, RUN))
    (ana.plan.root / ".drkit" / "heads" / f"{RUN}.json").unlink()
    assert said(verify(ana.plan, RUN)) == "", "the control: it is the heads that tell"


def test_a_journal_that_is_gone_outside_is_found_and_the_copy_here_still_told(ana: Place) -> None:
    s3 = client(ana.world, "s3", "eu-north-1")
    for segment in segments_outside(ana.store, REGION, RUN):
        key = f"journals/{REGION}/{RUN}/{segment.first:08d}.jsonl"
        s3.delete_object(Bucket="corner-dr", Key=key)
    found = verify(ana.plan, RUN)
    assert "records 0 to 3 are cut off" in said(found)
    assert [copy.records for copy in found.copies] == [4]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: body.replace(b"finished", b"finishee"), ":4: this record"),
        (lambda body: body[:-1] + b"x", "does not end with a record"),
    ],
)
def test_a_byte_changed_outside_is_found_though_the_file_is_sound(
    ana: Place, spoil: Callable[[bytes], bytes], words: str
) -> None:
    stored = ana.store.read(LAST)
    assert stored
    assert ana.store.put(LAST, spoil(stored.body), replacing=stored.tag, notes=stored.notes)
    found = verify(ana.plan, RUN)
    assert words in said(found)
    assert [copy.place for copy in found.copies] == [str(ana.journal)]


def test_a_byte_changed_in_the_file_is_found_though_the_copy_outside_is_sound(ana: Place) -> None:
    ana.journal.write_bytes(ana.journal.read_bytes().replace(b"finished", b"finishee"))
    found = verify(ana.plan, RUN)
    assert "journal.jsonl:4" in said(found)
    assert [copy.records for copy in found.copies] == [4]


def test_a_run_that_there_is_none_of_is_no_damage(ana: Place) -> None:
    with pytest.raises(UsageError, match="there is no run"):
        verify(ana.plan, f"20200101-000000-rebuild-{REGION}")
