"""A warm standby on real parts: brought up beside a shop that serves its customers, proven on a
clone, spoiled by hand and mended, and gone on from when the region is lost while a standby is under
way.

The seconds to the last proof are told beside those of a cold rebuild, back into the other region.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.errors import Exit
from drkit.model.record import StepEnded
from drkit.model.step import last_proofs
from tests.e2e.conftest import MINUTE, NEW, OLD, REBUILD, VALIDATE, Lost, ordering
from tests.e2e.desk import Desk, Run, Said
from tests.e2e.losses import all_that_is_missing_is_listed, only_what_was_not_yet_archived
from tests.e2e.witnesses import Customers, hosts_in, resources_in
from tests.integration.sandbox.lab import eventually
from tests.stress.conftest import deployed_desk

STANDBY = ("standby", "--region", NEW)
STANDING = f"{NEW}.g1"
STEPS = ["network", "storage", "compute", "base"]
_SLEEP = """
- name: Something that takes its time
  hosts: db[0]
  gather_facts: false
  tasks:
    - name: Take time
      ansible.builtin.wait_for:
        timeout: 180
"""
"""What a standby is under way with until it is ended."""
CONSENT = ("--consent", "consent=ana")
_COLD = f"  {NEW}: {{cloud: sandbox,"
_WARM = f"  {NEW}: {{tier: warm, cloud: sandbox,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A command that carried out a run."""

    said: Said
    run: Run

    @property
    def changed(self) -> Mapping[str, int | None]:
        return {step: told["changed"] for step, told in self.run.steps.items()}

    @property
    def target(self) -> str:
        return str(self.run.report["run"]["target"])


def carried(desk: Desk, *command: str) -> Carried:
    said = desk.drkit(*command)
    return Carried(said=said, run=desk.runs(command[0])[-1])


def well(found: Carried) -> Carried:
    assert found.said.code == 0, found.said.out + found.said.err
    return found


@pytest.fixture(scope="module")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at once, also of what goes well."""
    return lambda line: pytestconfig.get_terminal_writer().line(line, flush=True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with deployed_desk(tmp_path_factory) as found:
        plan = found.root / "drkit.yaml"
        assert _COLD in plan.read_text(), "the plan has changed: nothing here is warm"
        plan.write_text(plan.read_text().replace(_COLD, _WARM))
        yield found


@pytest.fixture(scope="module")
def customers(desk: Desk) -> Iterator[Customers]:
    with ordering(desk) as found:
        assert desk.drkit("backup", "--type", "full").code == 0
        yield found


def of_the_standby(desk: Desk, *options: str) -> list[str]:
    """What `drkit ready` finds of the standby and of the stacks that it is made of."""
    [site] = desk.drkit("ready", NEW, "--output", "json", *options).json()["sites"]
    return [f["message"] for f in site["findings"] if f["about"] in {"standby", "stacks"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtUp:
    missing: list[str]
    first: Carried
    again: Carried
    ready: list[str]
    planned: list[dict[str, Any]]
    """What `drkit plan` says of the standby: before there is one, afterwards, and asked outside."""


@pytest.fixture(scope="module")
def brought_up(desk: Desk, customers: Customers) -> BroughtUp:
    del customers
    missing, nothing = of_the_standby(desk), planned(desk)
    first, again = well(carried(desk, *STANDBY)), well(carried(desk, *STANDBY))
    return BroughtUp(
        missing=missing,
        first=first,
        again=again,
        ready=of_the_standby(desk, "--previews"),
        planned=[nothing, planned(desk), planned(desk, "--preview")],
    )


def planned(desk: Desk, *options: str) -> dict[str, Any]:
    return dict(desk.drkit("plan", "--region", NEW, "--output", "json", *options).json()["standby"])


def test_what_it_has_done_counts_as_done_for_who_asks_what_a_rebuild_would_do(
    brought_up: BroughtUp,
) -> None:
    nothing, here, outside = brought_up.planned
    assert (nothing["standing"], nothing["done"]) == (None, [])
    assert (here["standing"], here["done"], here["run"]) == (
        STANDING, STEPS, brought_up.again.run.folder.name,
    )  # fmt: skip
    assert outside == {**here, "asked_outside": True}


def test_it_is_brought_up_once_and_then_nothing_changes(brought_up: BroughtUp) -> None:
    assert [brought_up.first.target, brought_up.again.target] == [STANDING] * 2
    assert list(brought_up.first.changed) == STEPS
    assert all(brought_up.first.changed.values())
    assert brought_up.again.changed == dict.fromkeys(STEPS, 0)


def test_the_site_is_ready_only_with_it(brought_up: BroughtUp) -> None:
    [missing] = brought_up.missing
    assert "nothing stands there" in missing
    assert brought_up.ready == []


@pytest.fixture(scope="module")
def proven(desk: Desk, brought_up: BroughtUp, tell: Callable[[str], None]) -> Carried:
    """A night, with nothing planted."""
    del brought_up
    found = carried(desk, *VALIDATE)
    tell(f"a cold copy beside it: {found.run.report['summary']}")
    return found


def test_it_is_proven_on_a_clone_beside_it(desk: Desk, proven: Carried) -> None:
    well(proven)
    assert proven.target != STANDING
    assert proven.run.steps["drift"]["state"] == "done"
    assert len(resources_in(desk.sandbox, NEW)["instances"]) == len(hosts(desk))


def hosts(desk: Desk) -> dict[str, dict[str, Any]]:
    """The instances of the standby that are not terminated, by name."""
    ours = [{"Name": "tag:Name", "Values": [f"boutique-{STANDING}-*"]}]
    found = desk.sandbox.client("ec2", NEW).describe_instances(Filters=ours)["Reservations"]
    named = {
        next(tag["Value"] for tag in each["Tags"] if tag["Key"] == "Name"): each
        for reservation in found
        for each in reservation["Instances"]
        if each["State"]["Name"] not in {"shutting-down", "terminated"}
    }
    return {name.removeprefix(f"boutique-{STANDING}-"): each for name, each in named.items()}


def terminated(desk: Desk, *names: str) -> list[str]:
    """The ids of these hosts of the standby, which are ended by hand."""
    ids = [hosts(desk)[name]["InstanceId"] for name in names]
    desk.sandbox.client("ec2", NEW).terminate_instances(InstanceIds=ids)
    return ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    gone: str
    still: str
    seen: list[str]
    night: Carried
    mended: Carried
    left: list[str]


@pytest.fixture(scope="module")
def spoiled(desk: Desk, proven: Carried) -> Spoiled:
    """A host is ended, another stopped, and a rule opened to the world; then it is mended."""
    del proven
    ec2 = desk.sandbox.client("ec2", NEW)
    [gone] = terminated(desk, "app-2")
    still = hosts(desk)["back-1"]["InstanceId"]
    ec2.stop_instances(InstanceIds=[still])
    named = [{"Name": "group-name", "Values": [f"boutique-{STANDING}-db"]}]
    [group] = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    everybody = [{"CidrIp": "0.0.0.0/0"}]
    rule = {"IpProtocol": "tcp", "FromPort": 9999, "ToPort": 9999, "IpRanges": everybody}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    return Spoiled(
        gone=gone,
        still=still,
        seen=of_the_standby(desk, "--previews"),
        night=carried(desk, *VALIDATE),
        mended=carried(desk, *STANDBY),
        left=of_the_standby(desk, "--previews"),
    )


def test_what_has_drifted_makes_the_night_no_good_one(spoiled: Spoiled) -> None:
    assert spoiled.night.said.code == 5, spoiled.night.said.err
    step = spoiled.night.run.steps["drift"]
    assert step["message"] == (
        f"{STANDING} has drifted: network changed, compute gone, compute stopped"
    )
    for words in (spoiled.gone, spoiled.still, f"`drkit standby --region {NEW}` sets it right"):
        assert words in spoiled.night.said.out
    assert all(
        process["rto"]["verdict"] == "met" for process in spoiled.night.run.report["processes"]
    )


def test_it_is_named_in_drkit_ready(spoiled: Spoiled) -> None:
    assert len(spoiled.seen) == 3
    assert spoiled.gone in "".join(spoiled.seen)
    assert spoiled.still in "".join(spoiled.seen)


def test_the_next_standby_mends_all_of_it(desk: Desk, spoiled: Spoiled) -> None:
    well(spoiled.mended)
    assert spoiled.left == []
    now = hosts(desk)
    assert now["back-1"]["InstanceId"] == spoiled.still, "what stood still is started, not replaced"
    assert {each["State"]["Name"] for each in now.values()} == {"running"}
    assert now["app-2"]["InstanceId"] != spoiled.gone


def lose(desk: Desk, region: str, customers: Customers) -> datetime:
    """The region that serves is gone in mid-traffic; when it was."""
    before = len(customers.promises())
    eventually(lambda: len(customers.promises()) >= before + 5, within=MINUTE, what="orders")
    assert desk.drkit("sandbox", "lose", region).code == 0
    at = datetime.now(UTC)
    eventually(lambda: customers.last_probed() is False, within=MINUTE, what="the probe sees it")
    return at


@pytest.fixture(scope="module")
def while_lost(desk: Desk, customers: Customers, spoiled: Spoiled) -> Carried:
    """A standby while the site that serves is lost, which comes back by itself."""
    del spoiled
    lose(desk, OLD, customers)
    found = carried(desk, *STANDBY)
    assert desk.drkit("sandbox", "restore", OLD).code == 0
    eventually(lambda: customers.last_probed() is True, within=MINUTE, what="they are served")
    return found


def test_a_standby_while_nobody_is_served_says_that_it_is_no_rebuild(while_lost: Carried) -> None:
    assert f"`drkit rebuild --region {NEW}`" in while_lost.said.out + while_lost.said.err


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    standby: Said
    """How the one ended that was under way."""
    left: Run
    lost: Lost
    rebuild: Carried
    took: timedelta
    """From the command to the last proof by the public name."""


def last_proof(run: Run) -> datetime:
    """When the last process was proven by the public name; fails unless all were."""
    assert all(process["live"] for process in run.report["processes"])
    live = last_proofs(run.steps)
    bodies = ((record.at, record.body) for record in run.records())
    return max(at for at, body in bodies if isinstance(body, StepEnded) and body.step in live)


@pytest.fixture(scope="module")
def rebuilt(
    desk: Desk, customers: Customers, while_lost: Carried, tell: Callable[[str], None]
) -> Rebuilt:
    """The region is lost while a standby is under way that has made hosts anew, and customers are
    wanted back.
    """
    del while_lost
    terminated(desk, "app-1", "app-2", "back-1")
    there = resources_in(desk.sandbox, NEW)
    known, base = logs(desk), desk.root / "playbooks/base.yml"
    as_it_was = base.read_text()
    base.write_text(as_it_was + _SLEEP)
    process = desk.begin(*STANDBY)
    try:
        eventually(lambda: at_work(desk, known, process), within=5 * MINUTE, what="it is at work")
        base.write_text(as_it_was)
        at = lose(desk, OLD, customers)
        began = datetime.now(UTC)
        found = carried(desk, *REBUILD, *CONSENT)
        standby = desk.ended(process)
    finally:
        process.kill()
    well(found)
    took = last_proof(found.run) - began
    tell(f"warm, a standby under way: {took.total_seconds():.0f} s to the last proof")
    return Rebuilt(
        standby=standby,
        left=desk.runs("standby")[-1],
        lost=Lost(at=at, there_before=there, serving_had={}),
        rebuild=found,
        took=took,
    )


def logs(desk: Desk) -> set[Path]:
    return set((desk.root / ".drkit/runs").glob("*-standby-*/logs/base.*.log"))


def at_work(desk: Desk, known: set[Path], process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, desk.ended(process).err
    return any("Take time" in log.read_text() for log in logs(desk) - known)


def test_a_standby_that_is_under_way_gives_way(rebuilt: Rebuilt) -> None:
    ended = rebuilt.standby
    assert ended.code in {Exit.UNKNOWN, Exit.INTERRUPTED}, ended.out + ended.err
    assert rebuilt.left.report["run"]["stand"] == "interrupted"


def test_the_rebuild_goes_on_from_what_stands(desk: Desk, rebuilt: Rebuilt) -> None:
    assert rebuilt.rebuild.target == STANDING
    assert rebuilt.rebuild.changed["network"] == rebuilt.rebuild.changed["storage"] == 0
    assert len(hosts_in(NEW)) == len(hosts(desk)) == 6


def test_it_loses_nothing_but_what_was_never_archived(
    customers: Customers, rebuilt: Rebuilt
) -> None:
    all_that_is_missing_is_listed(customers, rebuilt.lost, rebuilt.rebuild.run)
    only_what_was_not_yet_archived(rebuilt.rebuild.run)


def test_a_cold_rebuild_back_takes_as_long_as_it_takes(
    desk: Desk, customers: Customers, rebuilt: Rebuilt, tell: Callable[[str], None]
) -> None:
    """The other region is cold; what is left there of the old site is in nobody's way."""
    del rebuilt
    assert desk.drkit("sandbox", "restore", OLD).code == 0
    lose(desk, NEW, customers)
    began = datetime.now(UTC)
    found = well(carried(desk, "rebuild", "--region", OLD, *CONSENT))
    assert found.target == f"{OLD}.g2"
    took = last_proof(found.run) - began
    tell(f"cold: {took.total_seconds():.0f} s to the last proof")
