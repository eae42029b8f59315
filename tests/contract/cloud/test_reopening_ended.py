"""Giving the old site back is ended by whoever asks for it, with all that it started."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drkit import tending
from drkit.adapters.runs_folder import RunsFolder
from drkit.afar import Afar, standing
from drkit.cli.interrupts import Interrupts
from drkit.engine.loop import TICK, Stop
from drkit.errors import ConfigurationError, DrkitError, EffectUnknown
from drkit.model.place_record import SiteServed
from drkit.model.plan import Plan
from drkit.model.record import RunEnded, Target
from drkit.model.step import RunMode
from drkit.ports import Context, Secret, World
from drkit.reopening import reopen
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.places import eventually
from tests.contract.cloud.test_carrying_on import left
from tests.contract.cloud.test_reopening import CLOSED, words
from tests.contract.cloud.values import context_in
from tests.integration.ansible.localhost import FACTS, write_playbook, write_run
from tests.survivors import alive_with

SECRET = "hunter2-of-the-database"
WITHIN = 5.0
"""Seconds."""
FROM_AFAR = WITHIN + 5
"""It is heard of with the next sign of life."""


@dataclass(slots=True, kw_only=True)
class Site:
    """The old site, whose hosts are this machine, and a command that gives it back."""

    plan: Plan
    run: str
    mark: str
    said: list[str] = field(default_factory=list)
    came: list[BaseException | str] = field(default_factory=list)
    stop: Callable[[], Stop] = tending.never

    @property
    def log(self) -> Path:
        return self.plan.root / ".drkit" / "reopen.log"

    def begin(self) -> None:
        """Returns when the playbook hangs, and what it started has left its session."""
        self._thread = threading.Thread(target=self.give_back)
        self._thread.start()
        eventually(lambda: (self.plan.root / "hangs").exists(), within=60)

    def give_back(self) -> None:
        try:
            came = reopen(
                self.plan, reason="too slow", say=self.said.append, log=self.log, stop=self.stop
            )
        except DrkitError as error:
            self.came.append(error)
        else:
            self.came.append(came)

    _thread: threading.Thread = field(init=False)

    def ended(self, within: float) -> EffectUnknown:
        """How it ended; no process of it is left by then."""
        before = time.monotonic()
        eventually(lambda: alive_with(self.mark) == [], within=within)
        self._thread.join(within)
        assert not self._thread.is_alive(), time.monotonic() - before
        [came] = self.came
        assert isinstance(came, EffectUnknown)
        return came


@pytest.fixture
def site(shop: Write, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED)
    mark = f"DRKIT_TEST_REOPENS={tmp_path.name}-{time.monotonic_ns()}"
    monkeypatch.setenv(*mark.split("="))

    def known(plan: Plan, _epoch: int, *, target: Target, log: Path, **_: object) -> Context:
        write_run(log.parent)
        vault = {"db_password": Secret(SECRET)}
        place = {"folder": log.parent / "run", "log": log}
        return context_in(world, plan, target=target, facts=FACTS, vault=vault, **place)

    monkeypatch.setattr(tending, "_context", known)
    hang = f"setsid sleep 600 & touch {plan.root}/hangs; sleep 600"
    once = {"removes": str(plan.root / "closed")}
    (plan.root / "closed").touch()
    write_playbook(
        plan.root,
        "reopen",
        {"name": "Tell", "ansible.builtin.debug": {"msg": f"with {SECRET}"}},
        {"name": "Hang", "ansible.builtin.shell": {"cmd": hang, **once}},
    )
    return Site(plan=plan, run=run, mark=mark)


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """As a command listens to them, for one test."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield Interrupts()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_interrupt_ends_all_that_it_started_and_says_what_stands(
    site: Site, interrupts: Interrupts
) -> None:
    site.stop = interrupts.stop
    site.begin()
    os.kill(os.getpid(), signal.SIGINT)
    eventually(lambda: interrupts.stop() is Stop.FINISH)
    time.sleep(2 * TICK.total_seconds())
    assert site.came == []
    assert alive_with(site.mark)
    os.kill(os.getpid(), signal.SIGINT)
    came = site.ended(WITHIN)
    assert "a person stopped it; the last was: Hang" in str(came)
    assert "the rest stays closed; corner.example now: " in str(came)
    assert "run the same command again" in came.remedy
    assert list((site.plan.root / ".drkit" / "runs").glob(".scratch.*")) == []


def test_the_log_of_it_is_private_and_has_no_secret(site: Site) -> None:
    site.log.parent.mkdir(exist_ok=True)
    site.log.touch(mode=0o644)
    (site.plan.root / "closed").unlink()
    site.give_back()
    assert "with [secret]" in site.log.read_text()
    assert SECRET not in site.log.read_text()
    assert (site.log.stat().st_mode & 0o777, site.log.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )


def test_an_abort_of_the_move_ends_it_within_a_sign_of_life(site: Site) -> None:
    site.begin()
    Afar(site.plan).abort(site.run)
    site.ended(FROM_AFAR)
    assert standing(Afar(site.plan).known(site.run)) == (
        "is being given back: run `drkit reopen` again"
    )


def test_the_same_command_gives_back_what_was_ended(site: Site) -> None:
    asked: list[Stop] = []
    site.stop = lambda: asked[0] if asked else Stop.NO
    site.begin()
    asked.append(Stop.NOW)
    site.ended(WITHIN)
    asked.clear()
    (site.plan.root / "closed").unlink()
    site.give_back()
    assert site.came[1:] == ["eu-west-3.g1"]
    assert len(words(site.plan, site.run)) == 1
    assert isinstance(RunsFolder(site.plan.root).records(site.run)[-1].body, SiteServed)


def test_who_stops_it_before_it_began_has_touched_nothing(site: Site) -> None:
    site.stop = lambda: Stop.FINISH
    site.give_back()
    [came] = site.came
    assert isinstance(came, ConfigurationError)
    assert words(site.plan, site.run) == []
    assert site.said == []
