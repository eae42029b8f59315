"""One owner per site, of all places: who may take a lease, and who finds out that it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from drkit.adapters.lease import ask_of, free_for, read_lease, take, take_over
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import ConfigurationError, Exit, RunBusy
from drkit.model.plan import Plan
from drkit.ports import World
from tests.contract.cloud.places import REGION, RUN, Place

Two = tuple[Place, Place]


@pytest.fixture
def two(world: World, plan: Plan) -> Two:
    return Place(world, plan, "ana"), Place(world, plan, "bo")


def test_a_second_place_is_told_who_where_since_when_and_how_to_take_over(two: Two) -> None:
    ana, bo = two
    ana.take(RUN)
    with pytest.raises(RunBusy) as refused:
        bo.take()
    said = str(refused.value)
    assert f"ana@host works on {RUN} from " in said
    assert "last sign of life" in said
    assert f"drkit takeover {RUN} --reason" in refused.value.remedy
    assert refused.value.exit_code is Exit.BUSY


def test_without_a_lease_nobody_would_be_refused(two: Two) -> None:
    """The control: it is the lease that refuses."""
    ana, bo = two
    lease = ana.take(RUN)
    assert lease.renew(released=True)
    assert bo.take().holder.operator == "bo@host"


def test_the_same_place_follows_one_of_its_own_that_was_killed(two: Two) -> None:
    ana, _ = two
    ana.take(RUN)
    again = ana.take()
    assert again.renew()


def test_a_copied_folder_on_another_machine_is_another_place(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = two
    ana.take(RUN)
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    with pytest.raises(RunBusy):
        ana.take()


def test_whoever_lost_a_lease_learns_it_with_the_next_sign_of_life(two: Two) -> None:
    ana, bo = two
    lost = ana.take(RUN)
    found = read_lease(bo.store, REGION)
    assert found
    mine = take_over(bo.store, found, replace(bo.me(RUN), reason="ana's laptop died"))
    assert not lost.renew()
    assert lost.holder.operator == "bo@host"
    assert lost.holder.reason == "ana's laptop died"
    assert mine.renew(), "and the new owner keeps it"


def test_a_takeover_wins_over_signs_of_life_but_not_over_another_takeover(
    two: Two, world: World, plan: Plan
) -> None:
    ana, bo = two
    cy = Place(world, plan, "cy")
    lease = ana.take(RUN)
    found = read_lease(bo.store, REGION)
    assert found
    assert lease.renew(), "ana lives: the tag that bo and cy saw is old"
    take_over(bo.store, found, bo.me(RUN))
    with pytest.raises(RunBusy, match="moved to bo@host"):
        take_over(cy.store, found, cy.me(RUN))


def test_what_is_asked_of_the_owner_reaches_it_and_costs_it_nothing(two: Two) -> None:
    ana, bo = two
    lease = ana.take(RUN)
    found = read_lease(bo.store, REGION)
    assert found
    assert lease.renew(), "a sign of life in between does not hinder"
    assert ask_of(bo.store, found, "abort")
    assert lease.renew()
    assert lease.holder.asked == "abort"
    assert lease.renew()
    assert lease.holder.asked == "abort", "and stays asked"


def test_nothing_is_asked_of_somebody_else_than_who_was_seen(two: Two) -> None:
    ana, bo = two
    ana.take(RUN)
    seen = read_lease(bo.store, REGION)
    ana.take()
    assert seen
    assert not ask_of(bo.store, seen, "abort")


def test_of_two_that_saw_it_free_one_gets_it(two: Two) -> None:
    ana, bo = two
    ana.take(RUN).renew(released=True)
    seen = [free_for(place.store, REGION, place.me().place) for place in two]
    take(ana.store, ana.me(), seen[0])
    with pytest.raises(RunBusy, match="ana@host works on"):
        take(bo.store, bo.me(), seen[1])


def test_a_lease_whose_put_was_sent_twice_is_had_and_is_no_lost_race(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 sends again what was not answered in time: the second is refused by the first."""
    ana, bo = two
    put = OutsideStore.put

    def twice(store: OutsideStore, key: str, body: bytes, *, replacing: str = "") -> str | None:
        assert put(store, key, body, replacing=replacing)
        return put(store, key, body, replacing=replacing)

    with monkeypatch.context() as patch:
        patch.setattr(OutsideStore, "put", twice)
        lease = ana.take(RUN)
    assert lease.renew()
    with pytest.raises(RunBusy):
        bo.take()


def test_to_look_whether_a_site_is_free_writes_nothing(two: Two) -> None:
    ana, _ = two
    assert free_for(ana.store, REGION, ana.me().place) is None
    assert read_lease(ana.store, REGION) is None


Spoil = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"[]",
        lambda body: body.replace(b'"token"', b'"tokn"'),
        lambda body: json.dumps({**json.loads(body), "since": "yesterday"}).encode(),
    ],
)
def test_what_is_no_lease_is_refused_with_the_way_back(two: Two, spoil: Spoil) -> None:
    ana, bo = two
    ana.take(RUN)
    stored = ana.store.read(f"leases/{REGION}.json")
    assert stored
    ana.store.put(f"leases/{REGION}.json", spoil(stored.body), replacing=stored.tag)
    with pytest.raises(ConfigurationError, match="is no lease") as refused:
        bo.take()
    assert "older version" in refused.value.remedy


def test_an_outside_that_does_not_answer_is_said_with_its_bucket(lost: World, plan: Plan) -> None:
    place = Place(lost, plan, "ana")
    with pytest.raises(ConfigurationError, match="s3://corner-dr/leases") as refused:
        place.take()
    assert "outside location" in refused.value.remedy
