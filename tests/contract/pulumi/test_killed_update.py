"""An update killed while the cloud makes something: the next adopts it, and makes nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import EC2Backend

from drkit import processes
from drkit.adapters import pulumi_repair
from drkit.adapters.adoption import Cloud
from drkit.adapters.pulumi_stack import StackTool
from drkit.model.outcome import Outcome
from drkit.model.step import StackWork
from drkit.ports import Context
from tests.contract.pulumi.conftest import REGION, Site
from tests.contract.pulumi.small import with_small_network

KINDS = {
    "addresses": ("describe_addresses", "Addresses"),
    "gateways": ("describe_internet_gateways", "InternetGateways"),
    "groups": ("describe_security_groups", "SecurityGroups"),
    "instances": ("describe_instances", "Reservations"),
    "keys": ("describe_key_pairs", "KeyPairs"),
    "nats": ("describe_nat_gateways", "NatGateways"),
    "subnets": ("describe_subnets", "Subnets"),
    "tables": ("describe_route_tables", "RouteTables"),
    "vpcs": ("describe_vpcs", "Vpcs"),
}
WHOLE = {
    "network": {
        "addresses": 1,
        "gateways": 1,
        "groups": 5,
        "nats": 1,
        "subnets": 3,
        "tables": 2,
        "vpcs": 1,
    },
    "compute": {"addresses": 1, "instances": 6, "keys": 1},
}


@dataclass
class Held:
    """A call of the cloud's API that has done its work and does not answer."""

    reached: threading.Event
    go_on: threading.Event


@contextmanager
def holding(call: str) -> Iterator[Held]:
    """Hold the first ``call`` of EC2 back: what it makes is there, and nobody has its id."""
    held = Held(threading.Event(), threading.Event())
    original: Callable[..., Any] = getattr(EC2Backend, call)

    def done_but_silent(*args: Any, **named: Any) -> Any:
        made = original(*args, **named)
        held.reached.set()
        held.go_on.wait(60)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EC2Backend, call, done_but_silent)
        try:
            yield held
        finally:
            held.go_on.set()


def bring_up(stack: str, context: Context) -> Outcome:
    """What it says is added to the file ``said`` of the context's folder. There are its temporary
    files, too, as a try has a folder for them: whoever is killed takes none away.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        (context.folder / "said").open("a", buffering=1) as said,
    ):
        patch.setattr(tempfile, "tempdir", str(context.folder))

        def write(line: str) -> None:
            said.write(f"{line}\n")

        return StackTool(StackWork(stack=stack)).do(context, write)


def kill_while(call: str, stack: str, context: Context, *, only_cli: bool) -> None:
    """Bring ``stack`` up in a process of its own, and kill it while the cloud is at ``call``."""
    process = multiprocessing.get_context("spawn").Process(target=bring_up, args=(stack, context))
    with holding(call) as held:
        process.start()
        while process.is_alive() and not held.reached.wait(0.1):
            pass  # a busy machine may take minutes; what never comes has the test's own limit
        assert held.reached.is_set(), f"{call} was never called"
        assert process.pid is not None
        below = processes.descendants(process.pid)
        if only_cli:
            [cli] = [pid for pid in below if processes.runs(pid, "pulumi")]
            os.kill(cli, signal.SIGKILL)
        else:
            for pid in (process.pid, *below):
                os.kill(pid, signal.SIGKILL)
    process.join(60)
    assert process.exitcode not in (None, 0)


def live(site: Site, generation: int) -> Counter[str]:
    """What lives in the cloud of one generation, by the tag that the plan's stacks give."""
    ec2 = site.cloud.client("ec2", REGION)
    found: Counter[str] = Counter()
    for kind, (operation, entries) in KINDS.items():
        name = "Filter" if kind == "nats" else "Filters"
        where = {name: [{"Name": "tag:generation", "Values": [str(generation)]}]}
        for entry in getattr(ec2, operation)(**where)[entries]:
            for each in entry.get("Instances", [entry]):
                # looked at here, too: moto 5.2 does not filter NAT gateways
                found[kind] += {"Key": "generation", "Value": str(generation)} in each["Tags"]
    return +found  # without what there is none of


def generation(site: Site, number: int) -> Site:
    target = replace(site.context.target, generation=number)
    return Site(context=replace(site.context, target=target), cloud=site.cloud)


@pytest.fixture
def told(site: Site, tmp_path: Path) -> Site:
    """With a folder of its own, in which the updates that are killed write down what they say."""
    return replace(site, context=replace(site.context, folder=tmp_path))


def adopted(site: Site) -> list[str]:
    """The kinds that updates of the site's stacks have adopted, oldest first."""
    said = (site.context.folder / "said").read_text().splitlines()
    return [line.split()[1].rpartition(":")[2] for line in said if line.startswith("adopts ")]


def test_what_was_being_made_is_adopted_and_nothing_is_there_twice(
    told: Site,
) -> None:
    """In an update that is killed three times: each begins with what the one before had left."""
    mine = generation(told, 1)
    for call, only_cli, sought in (
        ("create_vpc", False, ""),
        ("create_nat_gateway", True, "Vpc"),
        ("associate_route_table", False, "NatGateway"),
    ):
        kill_while(call, "network", mine.seen(), only_cli=only_cli)
        assert not sought or sought in adopted(mine), adopted(mine)
    assert bring_up("network", mine.seen()).done
    assert "RouteTableAssociation" in adopted(mine), adopted(mine)
    assert live(mine, 1) == WHOLE["network"]
    assert mine.bring("network").changed == 0


def test_hosts_that_were_being_made_are_adopted_and_none_is_there_twice(told: Site) -> None:
    mine = generation(told, 4)
    assert mine.bring("network").done
    mine.facts["storage"] = {"bucket": "boutique-nowhere"}  # hosts have nothing to do with it
    before = live(mine, 4)
    kill_while("run_instances", "compute", mine.seen(), only_cli=False)
    assert bring_up("compute", mine.seen()).done
    assert "Instance" in adopted(mine), adopted(mine)
    assert live(mine, 4) - before == WHOLE["compute"]
    assert mine.bring("compute").changed == 0


def test_without_adoption_it_would_be_there_twice(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away."""
    mine = generation(with_small_network(site, tmp_path), 5)
    kill_while("create_vpc", "network", mine.seen(), only_cli=False)
    monkeypatch.setattr(Cloud, "find", lambda *_: None)
    monkeypatch.setattr(pulumi_repair, "_SETTLED", 0 * pulumi_repair._SETTLED)
    assert mine.bring("network").done
    assert live(mine, 5)["vpcs"] == 2


def test_a_look_after_the_kill_clears_it_away_and_finds_that_work_is_left(site: Site) -> None:
    mine = generation(site, 6)
    kill_while("create_subnet", "network", mine.seen(), only_cli=False)
    assert StackTool(StackWork(stack="network")).look(mine.seen()) is None
    assert "adopts aws:ec2/subnet:Subnet" in mine.context.log.read_text()
    assert mine.bring("network").done
    assert live(site, 6)["subnets"] == 3
