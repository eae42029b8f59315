"""The machine's clock is set in mid-run, an hour ahead and back: limits and pauses are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from drkit.adapters.journal_file import read_journal
from drkit.model.record import Record, StepEnded
from tests.chaos.setting import journal_of
from tests.chaos.small_shop import check_the_end, drkit, set_clock, write_shop
from tests.integration.attempts.trying import eventually

HOUR = timedelta(hours=1)
DIES_ONCE = """
import os, pathlib, signal
here = pathlib.Path({root!r})
def promises(books, since, until):
    if not (here / "died").exists():
        (here / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (here / "made-network").write_text("network")
    return []
def kept(customer, promises):
    return set()
"""


def records(folder: Path) -> tuple[Record, ...]:
    return read_journal(journal_of(folder))


def ends(folder: Path) -> list[StepEnded]:
    return [r.body for r in records(folder) if isinstance(r.body, StepEnded)]


def test_no_step_is_lost_or_out_of_time_when_the_clock_is_set_ahead_and_back(folder: Path) -> None:
    for name in ("network", "compute"):
        (folder / f"hold-{name}").touch()
    run = drkit(folder)
    eventually((folder / "begun-network").exists, within=60)
    set_clock(folder, HOUR)
    (folder / "hold-network").unlink()
    eventually((folder / "begun-compute").exists, within=60)
    set_clock(folder, -HOUR)
    (folder / "hold-compute").unlink()
    assert run.wait(timeout=60) == 0
    check_the_end(folder)
    assert all(timedelta() < end.elapsed < HOUR for end in ends(folder)), "by the other clock"
    times = [record.at for record in records(folder)]
    assert max(times) - min(times) > HOUR, "the control: it was set"


def test_a_pause_ends_although_the_clock_was_set_back_by_less_than_the_longest_pause(
    folder: Path,
) -> None:
    write_shop(folder, folder, tries=2)
    (folder / "network.py").write_text(DIES_ONCE.format(root=str(folder)))
    run = drkit(folder)
    eventually(lambda: journal_of(folder).exists() and ends(folder), within=60)
    eventually((folder / "died").exists, within=60)
    set_clock(folder, timedelta(minutes=-4))
    assert run.wait(timeout=60) == 0
    check_the_end(folder)
