"""One run and two owners: one is stopped for a while, the other takes over, the first wakes up."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drkit.adapters.journal_copies import records_outside
from drkit.adapters.journal_file import read_journal
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import DrkitError, Exit
from drkit.model.record import Record, RunTakenOver
from drkit.ports import World
from tests.chaos.setting import REGION, RUN, Setting, journal_of
from tests.chaos.small_shop import NEEDS, check_the_end, drkit, write_shop
from tests.fakes.documents import plan_at
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

RARELY = 3600.0
"""Seconds between signs of life: so the first owner is not told that it has lost the lease."""


@dataclass(slots=True, kw_only=True)
class Owners:
    """Folders of one shop on two machines, and the drkits in them."""

    root: Path
    world: World
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    """In the environment of the first owner, and of all that it starts."""
    first: subprocess.Popen[bytes] = field(init=False)
    second: subprocess.Popen[bytes] = field(init=False)

    def start_first(self, *, sign: float, unguarded: str = "") -> None:
        """Start it, and wait until both of its first steps are at work."""
        folder = self._write("ana", sign=sign, unguarded=unguarded)
        for name in ("network", "storage"):
            (self.root / f"hold-{name}").touch()
        self.first = drkit(folder, env={**os.environ, "DRKIT_TEST_OWNER": self.mark})
        for name in ("network", "storage"):
            eventually((self.root / f"begun-{name}").exists, within=60)

    def take_over(self) -> None:
        """While the first owner is stopped; it is woken up once the run is another's."""
        self.first.send_signal(signal.SIGSTOP)
        self.second = drkit(self._write("bo", takes_over=True))
        eventually(self._is_taken, within=60)
        self.first.send_signal(signal.SIGCONT)

    def let_go(self) -> None:
        for hold in self.root.glob("hold-*"):
            hold.unlink()

    def check_fenced(self, *, within: float = 60) -> None:
        """The first owner ends as one who lost the run, with all that it had started."""
        try:
            assert self.first.wait(timeout=within) == Exit.TAKEN
        except subprocess.TimeoutExpired:
            raise AssertionError("the first owner goes on") from None
        assert alive_with(self.mark) == []
        logs = (self.root / "ana" / "run" / "logs").glob("*.log")
        assert {log.name.partition(".")[0] for log in logs} == {"network", "storage"}

    def check_the_end(self) -> None:
        """The second owner finishes the run as if nothing had been, and the truth is its own."""
        assert self.second.wait(timeout=60) == 0
        check_the_end(self.root / "bo", self.root)
        assert self.outside() == read_journal(journal_of(self.root / "bo"))

    def outside(self) -> tuple[Record, ...]:
        store = OutsideStore(self.world, plan_at(self.root))
        try:
            return records_outside(store, REGION, RUN)
        except DrkitError as error:
            raise AssertionError(str(error)) from error

    def _is_taken(self) -> bool:
        return any(isinstance(record.body, RunTakenOver) for record in self.outside())

    def _write(self, name: str, **settings: object) -> Path:
        folder = self.root / name
        folder.mkdir()
        write_shop(folder, self.root)
        url = self.world.endpoints["global"].url or ""
        Setting(cloud=url, outside=True, **settings).write(folder)  # type: ignore[arg-type]
        return folder


@pytest.fixture
def owners(tmp_path: Path, world: World, marker: str) -> Iterator[Owners]:
    both = Owners(root=tmp_path, world=world)
    yield both
    both.let_go()
    for process in (both.first, both.second):
        process.kill()
        process.wait(timeout=10)
    eventually(lambda: alive_with(marker) == [], within=60)


def test_who_was_stopped_and_lost_the_run_ends_its_running_steps(owners: Owners) -> None:
    """They would never end by themselves: only the lease says that they must."""
    owners.start_first(sign=0.3)
    owners.take_over()
    owners.check_fenced()
    owners.let_go()
    owners.check_the_end()
    assert (owners.root / "effects").read_text().split().count("network") == 1


def test_without_the_lease_it_would_let_them_run(owners: Owners) -> None:
    owners.start_first(sign=0.3, unguarded="lease")
    owners.take_over()
    with pytest.raises(AssertionError, match="the first owner goes on"):
        owners.check_fenced(within=5)


def test_who_wakes_up_and_does_not_know_it_yet_records_nothing_and_starts_nothing(
    owners: Owners,
) -> None:
    """Its next record meets one of the new owner's."""
    owners.start_first(sign=RARELY)
    owners.take_over()
    owners.let_go()
    owners.check_fenced()
    owners.check_the_end()
    assert set(NEEDS) == set((owners.root / "effects").read_text().split())


def test_without_conditional_segments_it_would_go_on_in_the_others_journal(owners: Owners) -> None:
    owners.start_first(sign=RARELY, unguarded="segment")
    owners.take_over()
    owners.let_go()
    with pytest.raises(AssertionError):
        owners.check_fenced()
    owners.second.wait(timeout=60)
    with pytest.raises(AssertionError):
        owners.check_the_end()
