"""A rehearsal gives way to a rebuild of its site, and nothing else does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from drkit import giving_way
from drkit.adapters.lease import place_of, read_lease
from drkit.adapters.public_answer import Answer
from drkit.giving_way import rehearsal_ended, say_nobody_is_served
from drkit.model.plan import Plan
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.ports import World
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import REGION, Place, eventually

NIGHT = f"20260314-023000-validate-{REGION}"
WARM = f"20260314-023000-standby-{REGION}"
REAL = f"20260314-023000-rebuild-{REGION}"


@pytest.fixture
def plan(shop: Write) -> Plan:
    return shop()


def wish(plan: Plan, kind: RunKind = RunKind.REBUILD) -> Wish:
    return Wish(plan=plan, kind=kind, region=REGION)


def _runs(place: Place, run: str) -> bool:
    found = read_lease(place.store, REGION)
    return found is not None and found.holder.run == run


@contextmanager
def at_work(place: Place, run: str, *, obeys: bool = True) -> Iterator[threading.Event]:
    """A drkit that has the site, and ends when it is asked to, if it obeys."""
    over, ended = threading.Event(), threading.Event()

    def work() -> None:
        with place.hold() as held:
            held.name_run(run, first=0)
            eventually(lambda: over.is_set() or (obeys and held.abort_asked), within=60)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    eventually(lambda: _runs(place, run))
    try:
        yield ended
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("run", [NIGHT, WARM])
def test_what_is_not_urgent_is_asked_to_end_and_waited_for(
    plan: Plan, world: World, run: str
) -> None:
    with at_work(Place(world, plan, "runner"), run) as ended:
        assert rehearsal_ended(wish(plan))
        assert ended.is_set()


def test_one_that_does_not_obey_is_put_out_of_its_lease(
    plan: Plan, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving_way, "PATIENCE", timedelta(seconds=1))
    runner = Place(world, plan, "runner")
    with at_work(runner, NIGHT, obeys=False):
        assert rehearsal_ended(wish(plan))
        found = read_lease(runner.store, REGION)
        assert found is not None
        assert found.holder.place == place_of(plan.root)
        assert found.holder.reason


def test_a_standby_that_does_not_obey_keeps_its_lease(
    plan: Plan, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rebuild would build on with what may still work there: a person says that it is dead."""
    monkeypatch.setattr(giving_way, "PATIENCE", timedelta(seconds=1))
    runner = Place(world, plan, "runner")
    with at_work(runner, WARM, obeys=False):
        rehearsal_ended(wish(plan))
        found = read_lease(runner.store, REGION)
        assert found is not None
        assert found.holder.run == WARM
        assert found.holder.place != place_of(plan.root)


def test_a_rebuild_is_never_asked_to_end(plan: Plan, world: World) -> None:
    other = Place(world, plan, "laptop")
    with at_work(other, REAL) as ended:
        assert not rehearsal_ended(wish(plan))
        found = read_lease(other.store, REGION)
        assert found is not None
        assert found.holder.asked == ""
        assert not ended.is_set()


def test_a_validation_gives_no_room_to_another(plan: Plan, world: World) -> None:
    with at_work(Place(world, plan, "runner"), NIGHT) as ended:
        assert not rehearsal_ended(wish(plan, RunKind.VALIDATE))
        assert not ended.is_set()


def test_where_nobody_works_nothing_is_asked(plan: Plan) -> None:
    assert not rehearsal_ended(wish(plan))


def test_an_outside_that_does_not_answer_ends_nobody(
    plan: Plan, lost: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drkit.adapters.worlds.open_world", lambda _: lost)
    assert not rehearsal_ended(wish(plan))


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == giving_way.__name__]


def test_who_brings_a_standby_up_while_nobody_is_served_is_told_of_the_rebuild(
    plan: Plan, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    say_nobody_is_served(wish(plan), world)
    assert warned(caplog) == [], "a rebuild is what it is told of"
    say_nobody_is_served(wish(plan, RunKind.STANDBY), world)
    [said] = warned(caplog)
    assert f"`drkit rebuild --region {REGION}` does" in said


def test_who_brings_one_up_beside_a_site_that_serves_is_told_nothing(
    plan: Plan, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served = Answer(said="answers with 200", healthy=True)
    monkeypatch.setattr("drkit.adapters.public_answer.public_answer", lambda *_: served)
    say_nobody_is_served(wish(plan, RunKind.STANDBY), world)
    assert warned(caplog) == []
