"""What a validation has built goes again, whatever became of the run; and what stays is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from drkit.adapters.backoff import pause
from drkit.adapters.cloud import client
from drkit.adapters.pulumi_outputs import NOTHING
from drkit.adapters.scratch import make_scratch
from drkit.compose import Means, look_around, open_parts
from drkit.destroying import Destroying, Reaped
from drkit.engine.loop import Hands, Stop
from drkit.engine.progress import is_over
from drkit.first_records import Agreed, begin
from drkit.holding import hold_outside, look_outside
from drkit.model.outcome import Outcome, State
from drkit.model.place_record import CopyRemoved
from drkit.model.plan import Plan
from drkit.model.record import Record
from drkit.model.step import RunKind
from drkit.planning.drift import drift_graph
from drkit.planning.graph import build_graph
from drkit.planning.removal import removal_graph
from drkit.ports import World
from drkit.reporting.report import report
from drkit.validating import Copies
from tests.contract.cloud.opened import Write, backed_up, served_by
from tests.contract.cloud.test_validating import REGION, Night, muzzled
from tests.fakes.attempts import FAILED, FakeWorld, VirtualAttempts
from tests.fakes.clock import VirtualClock
from tests.fakes.consent import ScriptedConsent
from tests.fakes.observer import Remembering

STACKS = {"network": {}, "compute": {"needs": ["network"], "provides": ["app", "db", "edge"]}}


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    made = muzzled(shop, stacks=STACKS)
    (made.root / "stacks" / "network").mkdir()
    served_by(world, made, "eu-west-3")
    backed_up(world)
    return made


def removed(
    plan: Plan, world: World, outcomes: Mapping[str, Outcome] | None = None, **asked: Any
) -> tuple[VirtualAttempts, tuple[Record, ...]]:
    """The end of a run whose steps were never tried: what was started, and its journal."""
    attempts = VirtualAttempts(VirtualClock(), FakeWorld(), outcomes=outcomes)
    with begun(plan, world, attempts, **asked) as copies:
        copies.take_away_own(removal_graph(plan))
        return attempts, copies.parts.journal.records()


@contextmanager
def begun(plan: Plan, world: World, attempts: VirtualAttempts, **asked: Any) -> Iterator[Copies]:
    """A run that has begun, and the copies of its site."""
    opened = Night(plan, world).opened()
    free = look_outside(look_around(opened.wish))
    assert free is not None
    graph, removal = build_graph(plan, RunKind.VALIDATE), removal_graph(plan)
    drift = drift_graph(plan, None)
    with hold_outside(free) as held:
        parts = open_parts(opened, Means(prepared=NOTHING, problems=()), held)
        with parts.journal:
            agreed = Agreed(graph=graph, removal=removal, accepted=(), skip={}, drift=drift)
            begin(opened, parts, agreed, Remembering())
            hands = Hands(
                journal=parts.journal,
                attempts=attempts,
                consent=ScriptedConsent({}),
                observer=Remembering(),
                clock=VirtualClock(),
                stop=lambda: asked.get("stop", Stop.NO),
                may_wait=False,
                pause=pause,
            )
            yield Copies(opened=opened, parts=parts, hands=hands)


def test_the_standby_is_looked_at_whatever_became_of_the_copy(plan: Plan, world: World) -> None:
    attempts = VirtualAttempts(VirtualClock(), FakeWorld())
    with begun(plan, world, attempts) as copies:
        copies.look_at_standby(drift_graph(plan, 1))
        copies.take_away_own(removal_graph(plan))
        records = copies.parts.journal.records()
    assert attempts.started == ["drift", "remove.compute", "remove.network"]
    states = {step.id: step.state for step in report(records).steps}
    assert (states["network"], states["drift"]) == (State.WAITING, State.DONE)


def said(records: tuple[Record, ...]) -> list[CopyRemoved]:
    return [record.body for record in records if isinstance(record.body, CopyRemoved)]


def test_each_stack_goes_before_those_that_it_needs(plan: Plan, world: World) -> None:
    attempts, records = removed(plan, world)
    assert attempts.started == ["remove.compute", "remove.network"]
    [copy] = said(records)
    assert (copy.removed, copy.stays) == ({"compute": 1, "network": 1}, {})
    assert is_over(records)


def test_a_stack_that_does_not_go_is_named_and_what_it_needs_stays(
    plan: Plan, world: World
) -> None:
    attempts, records = removed(plan, world, {"remove.compute": FAILED})
    assert attempts.started == ["remove.compute"]
    [copy] = said(records)
    assert copy.stays == {"compute": "it failed", "network": "not tried"}
    made = report(records)
    assert int(made.exit) == 6
    assert "Still there" in made.headline


def test_one_interrupt_does_not_keep_it_from_going(plan: Plan, world: World) -> None:
    _, records = removed(plan, world, stop=Stop.FINISH)
    assert [copy.stays for copy in said(records)] == [{}]


def test_a_second_one_leaves_it_to_who_comes_next(plan: Plan, world: World) -> None:
    attempts, records = removed(plan, world, stop=Stop.NOW)
    assert attempts.started == []
    assert said(records) == []
    assert not is_over(records)


def test_temporary_files_of_one_that_died_go_with_its_copy(
    plan: Plan, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody carries on with it, so no later try would sweep them."""
    gone: list[str] = []

    def note(work: Destroying, _remains: object) -> Reaped:
        gone.append(work.target.name)
        return Reaped(target=work.target, removed={}, stays={})

    monkeypatch.setattr(Destroying, "all_of", note)
    for stack in STACKS:
        (plan.root / "stacks" / stack / "Pulumi.yaml").write_text(f"name: {stack}\n")
    died = Night(plan, world).begin()
    scratch = make_scratch(died.folder, "muzzle")
    with begun(plan, world, VirtualAttempts(VirtualClock(), FakeWorld())) as copies:
        copies.take_away_left()
    assert gone == [died.target.name]
    assert not scratch.exists()


def test_what_the_stacks_know_nothing_of_is_found_by_its_tags(plan: Plan, world: World) -> None:
    ec2 = client(world, "ec2", REGION)
    leaked = ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    tags = {"shop": plan.shop, "site": REGION, "generation": "1", "kind": "validation"}
    ec2.create_tags(Resources=[leaked], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    _, records = removed(plan, world)
    [copy] = said(records)
    [(arn, why)] = copy.stays.items()
    assert arn.endswith(leaked)
    assert "by hand" in why
    assert int(report(records).exit) == 6
