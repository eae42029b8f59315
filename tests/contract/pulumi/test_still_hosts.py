"""A host that was stopped by hand: to Pulumi it is as it was made, and no site is rebuilt on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.still_hosts import start_still, still
from drkit.errors import StepError
from drkit.model.outcome import Outcome, State
from drkit.model.step import StackWork
from tests.contract.pulumi.conftest import REGION, Site
from tests.contract.pulumi.desk import Desk, new_desk
from tests.contract.pulumi.test_standby_drift import host_of
from tests.integration.provider.cloud import Cloud

HOST = "app-1"


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        yield new_desk(cloud, tmp_path_factory.mktemp("desk"), patch)


@pytest.fixture(scope="module")
def built(desk: Desk) -> Site:
    return desk.bring("outside", "network", "storage", "compute")


@pytest.fixture
def stopped(desk: Desk, built: Site) -> str:
    """The id of the host that stands still."""
    del built
    found = host_of(desk, HOST)
    desk.cloud.client("ec2", REGION).stop_instances(InstanceIds=[found])
    return found


def state_of(desk: Desk, identity: str) -> str:
    ec2 = desk.cloud.client("ec2", REGION)
    [found] = ec2.describe_instances(InstanceIds=[identity])["Reservations"]
    return str(found["Instances"][0]["State"]["Name"])


def looked(site: Site) -> Outcome | None:
    return StackTool(StackWork(stack="compute")).look(site.seen())


def test_it_is_started_and_not_made_anew(desk: Desk, built: Site, stopped: str) -> None:
    found = built.bring("compute")
    assert (found.state, found.changed) == (State.DONE, 1)
    assert found.message == f"started, for it stood still: {HOST}"
    assert state_of(desk, stopped) == "running"
    assert host_of(desk, HOST) == stopped
    again = built.bring("compute")
    assert (again.changed, again.message) == (0, "")


def test_a_try_that_was_killed_before_it_was_started_is_not_taken_for_done(
    built: Site, stopped: str
) -> None:
    assert looked(built) is None, stopped
    built.bring("compute")
    assert looked(built) is not None


def test_only_hosts_of_the_stack_are_started(desk: Desk, built: Site, stopped: str) -> None:
    world = built.context.world
    assert still(world, REGION, {"i-another": HOST}) == {}
    assert start_still(world, REGION, {"i-another": HOST}, lambda _line: None) == {}
    assert state_of(desk, stopped) == "stopped"


def test_what_was_not_to_be_started_says_how(
    built: Site, stopped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: Any = botocore.client.BaseClient
    asked = clients._make_api_call

    def refused_to_start(client: Any, operation: str, given: Mapping[str, object]) -> Any:
        if operation == "StartInstances":
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, operation)
        return asked(client, operation, given)

    monkeypatch.setattr(clients, "_make_api_call", refused_to_start)
    with pytest.raises(StepError, match="UnauthorizedOperation") as refused:
        built.bring("compute")
    assert f"start-instances --region {REGION} --instance-ids {stopped}" in refused.value.remedy
