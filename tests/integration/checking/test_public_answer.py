"""Who answers the public name: a site that is slow still serves, one that never ends does not."""

from __future__ import annotations

import threading
from dataclasses import replace

from drkit.adapters.public_answer import public_answer
from drkit.model.plan import Plan
from drkit.ports import World
from tests.contract.cloud.values import world_at
from tests.fakes import plans
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Authority, Door

SLOW = 2.5
"""Seconds: longer than a connection may take."""


def asked_at(authority: Authority, door: Door, names: Names) -> tuple[Plan, World]:
    names.records[NAME] = ("127.0.0.1", 0)
    plan = plans.plan()
    plan = replace(plan, dns=replace(plan.dns, name=f"{NAME}:{door.port}"))
    world = world_at("http://127.0.0.1", resolver=f"127.0.0.1:{names.port}")
    return plan, replace(world, ca=authority.ca)


def test_a_site_that_is_slow_still_serves(authority: Authority, door: Door, names: Names) -> None:
    door.handler = lambda *_: (threading.Event().wait(SLOW), (200, {}))[1]
    answer = public_answer(*asked_at(authority, door, names))
    assert answer.healthy, answer.said


def test_a_site_that_says_that_it_is_broken_does_not_serve(
    authority: Authority, door: Door, names: Names
) -> None:
    door.handler = lambda *_: (503, {})
    answer = public_answer(*asked_at(authority, door, names))
    assert (answer.healthy, answer.said) == (False, "answers with 503, an error")


def test_a_site_that_never_comes_to_an_end_does_not_serve(
    authority: Authority, door: Door, names: Names
) -> None:
    over = threading.Event()
    door.handler = lambda *_: (over.wait(60), (200, {}))[1]
    answer = public_answer(*asked_at(authority, door, names))
    over.set()
    assert not answer.healthy


def test_a_name_that_nobody_serves_has_no_answer(
    authority: Authority, door: Door, names: Names
) -> None:
    plan, world = asked_at(authority, door, names)
    names.records.clear()
    answer = public_answer(plan, world)
    assert not answer.healthy
    assert "has no address" in answer.said
