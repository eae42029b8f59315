"""A copy that is gone leaves nothing that the next night would have to look at, and no number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drkit.adapters.cloud import client
from drkit.adapters.epoch import read_epoch
from drkit.adapters.forgotten import forget_copy, forgotten_if_gone, highest_validated
from drkit.adapters.generations import Generations, known_generations
from drkit.adapters.left_generations import (
    LeftGeneration,
    Passing,
    leave_generation,
    left_generations,
)
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.ports import World
from tests.contract.cloud.opened import served_by
from tests.contract.cloud.states import write_state
from tests.fakes.clock import START

pytestmark = pytest.mark.usefixtures("zone")
REGION = "eu-central-1"
COPY = Target(shop="corner", region=REGION, generation=1)
BESIDE = Target(shop="corner", region=REGION, generation=10)


def keys(world: World) -> set[str]:
    s3 = client(world, "s3", "eu-north-1")
    return {
        f"{bucket}/{entry['Key']}"
        for bucket in ("corner-dr", "corner-backup")
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ())
    }


def written(world: World, plan: Plan, target: Target, *, passing: bool = True) -> None:
    """A word, a state with its history, and a copy of the state."""
    s3 = client(world, "s3", "eu-north-1")
    write_state(world, "compute", target.name)
    for key in (
        f".pulumi/stacks/compute/{target.name}.json.bak",
        f".pulumi/history/compute/{target.name}/{target.name}-1.history.json",
        f".pulumi/backups/compute/{target.name}/{target.name}.1.json",
    ):
        s3.put_object(Bucket="corner-dr", Key=key, Body=b"{}")
    s3.put_object(Bucket="corner-backup", Key=f"stacks/compute/{target.name}/1.json", Body=b"{}")
    word = LeftGeneration(
        target=target,
        reason="a validation's",
        operator="ana@host",
        at=START,
        passing=Passing(expires=datetime.now(UTC) + timedelta(hours=6), kept=False)
        if passing
        else None,
    )
    leave_generation(OutsideStore(world, plan), word)


def known(world: World, plan: Plan) -> Generations:
    return known_generations(world, plan, REGION, read_epoch(world, plan))


def test_all_that_is_kept_of_it_goes_and_nothing_of_another(world: World, plan: Plan) -> None:
    served_by(world, plan, "eu-west-3")
    written(world, plan, BESIDE)
    before = keys(world)
    written(world, plan, COPY)
    assert len(keys(world) - before) == 6
    forget_copy(world, plan, COPY)
    assert keys(world) - before == {f"corner-dr/validated/{REGION}.json"}
    assert before <= keys(world)


def test_its_number_is_given_to_nobody_else(world: World, plan: Plan) -> None:
    served_by(world, plan, "eu-west-3")
    written(world, plan, COPY)
    assert (known(world, plan).fresh, known(world, plan).due) == (2, 2)
    forget_copy(world, plan, COPY)
    assert known(world, plan).passing == {}
    assert (known(world, plan).fresh, known(world, plan).due) == (2, 2)
    forget_copy(world, plan, BESIDE)
    forget_copy(world, plan, COPY)
    assert highest_validated(OutsideStore(world, plan), REGION) == 10


def test_a_generation_that_a_person_gave_up_stays_given_up(world: World, plan: Plan) -> None:
    served_by(world, plan, "eu-west-3")
    written(world, plan, COPY, passing=False)
    forget_copy(world, plan, COPY)
    assert set(known(world, plan).left) == {1}


def test_one_of_which_anything_is_there_is_not_forgotten(world: World, plan: Plan) -> None:
    served_by(world, plan, "eu-west-3")
    written(world, plan, COPY)
    before = keys(world)
    assert forgotten_if_gone(world, plan, COPY, {"compute": "busy"}) == {"compute": "busy"}
    assert keys(world) == before
    assert forgotten_if_gone(world, plan, COPY, {}) == {}
    assert known(world, plan).passing == {}


def test_a_number_that_cannot_be_read_is_no_zero(world: World, plan: Plan) -> None:
    store = OutsideStore(world, plan)
    store.put(f"validated/{REGION}.json", b"ten")
    with pytest.raises(ConfigurationError, match="names no number"):
        highest_validated(store, REGION)


def test_a_generation_stands_in_place_of_the_one_before_a_forgotten_copy(
    world: World, plan: Plan
) -> None:
    """A person gave up 1, a copy was 2: what is built in its place is 3, from the first command on
    and also where that died before it had made anything.
    """
    served_by(world, plan, "eu-west-3")
    written(world, plan, COPY, passing=False)
    copy = Target(shop="corner", region=REGION, generation=2)
    written(world, plan, copy)
    for forget in (False, True):
        if forget:
            forget_copy(world, plan, copy)
        found = known(world, plan)
        assert (found.after(1), found.due, found.before(3)) == (3, 3, 1)


def test_a_word_in_the_place_of_another_is_refused(world: World, plan: Plan) -> None:
    """Who can write the bucket must not be able to have drkit destroy another site's stacks."""
    store = OutsideStore(world, plan)
    written(world, plan, Target(shop="corner", region="eu-west-3", generation=1))
    stored = store.read("generations/eu-west-3/1.json")
    assert stored is not None
    store.put(f"generations/{REGION}/1.json", stored.body)
    with pytest.raises(ConfigurationError, match=r"says something of eu-west-3\.g1"):
        left_generations(store, REGION)
    assert set(left_generations(store, "eu-west-3")) == {1}


def test_a_generation_that_customers_are_on_is_no_copy_whoever_says_so(
    world: World, plan: Plan
) -> None:
    served_by(world, plan, REGION)
    written(world, plan, COPY)
    found = known(world, plan)
    assert (found.opened, found.passing) == (frozenset({1}), {})
