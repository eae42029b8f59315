"""A real rebuild in the sandbox, killed with SIGKILL at random moments and carried on each time.

Each rebuild begins in an empty region, is killed up to five times, by turns drkit alone and all its
processes at once, and goes on to its gate, where a person says no. Then its end is compared with
that of a rebuild that nobody disturbed, and it is taken away.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bench.ground import clear, open_ground
from drkit.adapters.plan_yaml import load_plan
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import RunBegan
from tests.e2e.conftest import NEW, REBUILD, Lost
from tests.e2e.desk import Desk, Run, Terminal
from tests.e2e.kills import kill
from tests.e2e.test_4_rebuilding import repeated, tries
from tests.e2e.witnesses import counted, orders_in, resources_in
from tests.integration.sandbox.lab import eventually
from tests.survivors import alive_with

KILLS = 20
OF_ONE_REBUILD = 5
SOONEST, LATEST = 2.0, 30.0
"""Seconds after the command was typed."""
RESULTS = Path(__file__).parents[2] / "bench" / "results" / "killed_rebuilds.json"


@dataclass(kw_only=True)
class Kill:
    after: float
    """Seconds after the command was typed."""
    machine: bool
    in_flight: list[str]
    """Steps whose effect it left unknown."""
    gone_after: float
    """Seconds until none of its processes lived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What a rebuild comes to, whatever happened on its way."""

    states: Mapping[str, State]
    resources: Mapping[str, int]
    orders: int


@dataclass(kw_only=True)
class Rebuild:
    kills: list[Kill] = field(default_factory=list)
    seconds: float = 0.0
    tries: dict[str, int] = field(default_factory=dict)
    """Of steps with more than one."""


def test_killed_rebuilds_come_to_the_end_of_an_undisturbed_one(
    desk: Desk, lost: Lost, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(int(time.time()))
    undisturbed, first = rebuilt(desk, chance, kills=0)
    assert undisturbed.resources == lost.serving_had
    rebuilds = [first]
    while (left := KILLS - sum(len(each.kills) for each in rebuilds)) > 0:
        end, rebuild = rebuilt(desk, chance, kills=min(left, OF_ONE_REBUILD))
        rebuilds.append(rebuild)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps([asdict(each) for each in rebuilds], indent=1))
        told = f"{len(rebuild.kills)} kills, {rebuild.seconds} s, tried again: {rebuild.tries}"
        pytestconfig.get_terminal_writer().line(told, flush=True)
        assert end == undisturbed


def rebuilt(desk: Desk, chance: random.Random, *, kills: int) -> tuple[End, Rebuild]:
    """One rebuild from nothing to the no at its gate, and away again."""
    found, began = Rebuild(), time.monotonic()
    while len(found.kills) < kills:
        killed = killed_at_random(desk, chance)
        if killed is None:  # it came to its gate before
            break
        found.kills.append(killed)
    terminal = Terminal(desk, *REBUILD)
    terminal.read_until("consent waits for lead")
    terminal.type("no ana this is a stress test")
    terminal.end()
    found.seconds = round(time.monotonic() - began, 1)
    run = desk.runs("rebuild")[-1]
    assert repeated(run) == [], "no step that was done is done again"
    found.tries = {step: times for step, times in tries(run.records()).items() if times > 1}
    end = End(
        states=stand(run.records()).states,
        resources=counted(resources_in(desk.sandbox, NEW)),
        orders=len(orders_in(NEW)),
    )
    take_away(desk, run)
    assert not resources_in(desk.sandbox, NEW).get("instances")
    return end, found


def killed_at_random(desk: Desk, chance: random.Random) -> Kill | None:
    """Type the command and kill it after a while; None if it ended by itself before."""
    mark, after = uuid.uuid4().hex, chance.uniform(SOONEST, LATEST)
    machine = chance.random() < 0.5
    process = desk.begin(*REBUILD, mark=mark)
    deadline = time.monotonic() + after
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is not None:
        assert desk.ended(process).code == 7, "it waits for a person"
        return None
    kill(process, mark, machine=machine)
    desk.ended(process)
    killed = time.monotonic()
    eventually(lambda: alive_with(mark) == [], within=timedelta(seconds=30), what="all are gone")
    runs = desk.runs("rebuild")
    states = stand(runs[-1].records()).states if runs else {}
    return Kill(
        after=round(after, 1),
        machine=machine,
        in_flight=[step for step, state in states.items() if state is State.UNKNOWN],
        gone_after=round(time.monotonic() - killed, 2),
    )


def take_away(desk: Desk, run: Run) -> None:
    """The region is empty again."""
    records = run.records()
    [target] = [r.body.target for r in records if isinstance(r.body, RunBegan)]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DRKIT_SANDBOX", "PATH"):
            patch.setenv(name, desk.environment[name])
        ground = open_ground(load_plan(desk.root / "drkit.yaml"))
        clear(ground, target, run.folder, stand(records).facts)
