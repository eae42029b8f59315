"""What the reconciler does next, given what the API says and what is here."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from drkit.sandbox.changes import (
    Ground,
    MakeNetwork,
    RemoveHost,
    RemoveNetwork,
    ResumeHost,
    Standing,
    StartHost,
    StopHost,
    changes,
)
from drkit.sandbox.landscape import Condition, Landscape
from tests.unit.sandbox.landscapes import APP, EDGE, SMALL, WEST

HERE = frozenset({"vpc-w"})
UP = Standing(network="vpc-w", pid=7)
DOWN = Standing(network="vpc-w", pid=None)


def test_a_network_comes_before_its_hosts() -> None:
    assert list(changes(SMALL, Ground())) == [MakeNetwork(network=WEST)]
    assert list(changes(SMALL, Ground(networks=HERE))) == [
        StartHost(host=EDGE),
        StartHost(host=APP),
    ]


def test_nothing_is_done_twice_while_it_is_under_way() -> None:
    ground = Ground(networks=HERE, busy=frozenset({"i-edge", "i-app"}))
    assert list(changes(SMALL, ground)) == []


def test_nothing_is_done_when_all_is_as_it_should_be() -> None:
    ground = Ground(networks=HERE, containers={"i-edge": UP, "i-app": UP})
    assert list(changes(SMALL, ground)) == []


def test_each_condition_has_its_one_change() -> None:
    def change(condition: Condition, standing: Standing) -> list[object]:
        landscape = replace(SMALL, hosts=(replace(EDGE, condition=condition),))
        ground = Ground(networks=HERE, containers={"i-edge": standing})
        return [type(found) for found in changes(landscape, ground)]

    assert change(Condition.RUNNING, UP) == []
    assert change(Condition.RUNNING, DOWN) == [ResumeHost]
    assert change(Condition.STOPPED, UP) == [StopHost]
    assert change(Condition.STOPPED, DOWN) == []
    assert change(Condition.GONE, UP) == [RemoveHost]
    assert change(Condition.GONE, DOWN) == [RemoveHost]


def test_a_network_goes_after_its_last_host() -> None:
    emptied = Landscape(networks=(), hosts=(replace(EDGE, condition=Condition.GONE),))
    ground = Ground(networks=HERE, containers={"i-edge": UP})
    assert list(changes(emptied, ground)) == [RemoveHost(id="i-edge")]
    assert list(changes(emptied, replace(ground, containers={}, busy=frozenset({"i-edge"})))) == []
    assert list(changes(emptied, Ground(networks=HERE))) == [RemoveNetwork(id="vpc-w")]


def test_a_network_outside_the_sandbox_is_not_made() -> None:
    foreign = replace(WEST, cidr=IPv4Network("172.31.0.0/16"))
    assert list(changes(Landscape(networks=(foreign,)), Ground())) == []


def test_a_container_that_the_api_forgot_is_removed() -> None:
    ground = Ground(networks=HERE, containers={"i-old": UP})
    assert RemoveHost(id="i-old") in list(changes(replace(SMALL, hosts=()), ground))
