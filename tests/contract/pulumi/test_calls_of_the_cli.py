"""How often Pulumi's command line is asked: a call takes 0.2 to 0.4 s of a core to begin."""

from __future__ import annotations

import json
import socket
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from drkit.adapters.pulumi_operation import OpenStack
from drkit.adapters.pulumi_stack import RemovalTool, StackTool
from drkit.errors import EffectUnknown, StepError
from drkit.model.step import RemovalWork, StackWork
from drkit.toolchain.pulumi import find_pulumi
from tests.contract.pulumi.conftest import Site
from tests.contract.pulumi.small import SMALL, with_small_network
from tests.contract.pulumi.test_killed_update import generation, live

NUMBER = 31
Calls = Callable[[], list[str]]


@pytest.fixture(scope="module")
def mine(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return generation(with_small_network(site, tmp_path_factory.mktemp("small")), NUMBER)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The commands since it was last asked, by a CLI on PATH that writes them down."""
    real, log, shim = find_pulumi(), tmp_path / "calls", tmp_path / "bin" / "pulumi"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")

    def since() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        words = [line.removeprefix("--non-interactive ").split() for line in lines]
        return [
            " ".join(w for w in each[:2] if w[0] != "-") for each in words if each[0] != "version"
        ]

    return since


def test_a_stack_that_is_not_there_is_previewed_and_not_made_for_that(
    mine: Site, calls: Calls
) -> None:
    found = StackTool(StackWork(stack="network")).foresee(mine.seen())
    assert found.counts == {"create": len(SMALL) + 2}, "the provider and the stack itself, too"
    assert calls() == ["preview"]


def test_to_preview_to_compare_and_to_destroy_what_is_there_are_one_call_each(
    mine: Site, calls: Calls
) -> None:
    assert mine.bring("network").done
    assert live(mine, NUMBER) == SMALL
    assert calls() == ["stack init", "up"]
    tool = StackTool(StackWork(stack="network"))
    assert tool.foresee(mine.seen(), refresh=True).counts == {"same": len(SMALL) + 2}
    assert calls() == ["preview"], "it provides no hosts, so its state holds no secret"
    assert tool.compare(mine.seen()).refreshed
    assert calls() == ["refresh"]
    removed = RemovalTool(RemovalWork(stack="network")).do(mine.seen(), print)
    assert removed.done, removed.failures
    assert removed.changed == len(SMALL) + 2, "the provider and the stack itself, too"
    assert live(mine, NUMBER) == {}
    assert calls() == ["destroy"]


def test_another_update_is_one_call(mine: Site, calls: Calls) -> None:
    again = generation(mine, NUMBER + 2)
    assert again.bring("network").changed == len(SMALL) + 2
    calls()
    assert again.bring("network").changed == 0
    assert calls() == ["up"], "it provides no hosts, so its state holds no secret"


def test_of_what_was_never_made_nothing_is_asked(mine: Site, calls: Calls) -> None:
    never = generation(mine, NUMBER + 1)
    removed = RemovalTool(RemovalWork(stack="network")).do(never.seen(), print)
    assert (removed.done, removed.changed) == (True, 0)
    with pytest.raises(StepError, match="has no state"):
        StackTool(StackWork(stack="network")).compare(never.seen())
    assert calls() == []


def test_a_lock_on_a_stack_that_holds_nothing_yet_keeps_nobody_from_removing_it(
    mine: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took it died before it wrote a word."""
    empty = generation(mine, NUMBER + 3)
    with monkeypatch.context() as patch:
        patch.setattr(OpenStack, "run", died)
        with pytest.raises(EffectUnknown):
            empty.bring("network")
    target = empty.context.target
    lock = f".pulumi/locks/organization/network/{target.name}/{uuid.uuid4()}.json"
    held = {"pid": dead_pid(), "username": "root", "hostname": socket.gethostname()}
    body = json.dumps({**held, "timestamp": "2026-01-01T00:00:00Z"}).encode()
    outside = empty.context.plan.outside
    s3 = mine.cloud.client("s3", outside.region)
    s3.put_object(Bucket=outside.state, Key=lock, Body=body)
    removed = RemovalTool(RemovalWork(stack="network")).do(empty.seen(), print)
    assert removed.done, removed.failures
    left = s3.list_objects_v2(Bucket=outside.state, Prefix=lock.rpartition("/")[0])
    assert left["KeyCount"] == 0


def died(*_: object, **__: object) -> NoReturn:
    raise EffectUnknown("it died")


def dead_pid() -> int:
    gone = subprocess.Popen(["true"])
    gone.wait()
    return gone.pid
