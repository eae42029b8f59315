"""Clients of the cloud's API: who shares one, and who does not."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters import cloud
from drkit.adapters.cloud import client
from drkit.ports import Secret
from tests.contract.cloud.values import world_at

WORLD = world_at("http://127.0.0.1:9")
WHERE = ("s3", "eu-north-1")


@pytest.fixture(autouse=True)
def nothing_shared_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_shared", {})
    monkeypatch.setattr(cloud, "_SHARED", timedelta(hours=1))


def test_who_asks_for_the_same_shares_it_and_nobody_else_does() -> None:
    first = client(WORLD, *WHERE)
    assert client(WORLD, *WHERE) is first
    others = [
        client(replace(WORLD, secret=Secret("another")), *WHERE),
        client(replace(WORLD, token=Secret("for an hour")), *WHERE),
        client(world_at("http://127.0.0.1:10"), *WHERE),
        client(WORLD, "s3", "eu-west-3"),
        client(WORLD, *WHERE, answer=timedelta(seconds=3)),
    ]
    assert first not in others


def test_nobody_is_given_one_whose_lines_may_lead_to_what_is_lost_by_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = client(WORLD, *WHERE)
    monkeypatch.setattr(cloud, "_SHARED", timedelta())
    assert client(WORLD, *WHERE) is not first


def test_a_fork_does_not_speak_on_its_parents_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    first, parent = client(WORLD, *WHERE), os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    assert client(WORLD, *WHERE) is not first


def test_a_step_is_recorded_by_its_own_name_and_not_by_who_asked_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = client(WORLD, *WHERE)
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "run.step")
    assert client(WORLD, *WHERE) is not first
