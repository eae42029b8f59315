"""A shop of four steps, each a program that can be held before its effect and after it; the drkit
that runs them, and what they came to.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.adapters.journal_file import read_journal
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import RunEnded, StepEnded, StepStarted
from tests.chaos.setting import journal_of

NEEDS = {"network": [], "storage": [], "compute": ["network", "storage"], "shop": ["compute"]}

PROGRAM = """
import pathlib, time
here = pathlib.Path({root!r})
def promises(books, since, until):
    (here / "begun-{name}").touch()
    while (here / "hold-{name}").exists():
        time.sleep(0.02)
    with (here / "effects").open("a") as effects:
        effects.write("{name}\\n")
    (here / "made-{name}").write_text("{name}")
    while (here / "linger-{name}").exists():
        time.sleep(0.02)
    return []
def kept(customer, promises):
    return set()
"""


def write_shop(folder: Path, root: Path, *, tries: int = 1) -> None:
    """Graph and programs in ``folder``; what they make, and what holds them, in ``root``."""
    for name in NEEDS:
        (folder / f"{name}.py").write_text(PROGRAM.format(root=str(root), name=name))
    graph = {
        name: {"kind": "program", "needs": needs, "tries": tries} for name, needs in NEEDS.items()
    }
    (folder / "graph.json").write_text(json.dumps(graph))


def set_clock(folder: Path, by: timedelta) -> None:
    """Set the clock of the drkit that works in ``folder``, off the machine's own."""
    fresh = folder / "clock.new"
    fresh.write_text(str(by.total_seconds()))
    fresh.replace(folder / "clock")


def drkit(folder: Path, *arguments: object, **how: Any) -> subprocess.Popen[bytes]:
    """``how`` as :class:`subprocess.Popen` takes it."""
    command = [sys.executable, "-m", "tests.chaos.drkit_at_work", str(folder)]
    return subprocess.Popen([*command, *(str(argument) for argument in arguments)], **how)


def carried_on(folder: Path) -> None:
    """The same command again, to its end."""
    assert drkit(folder).wait(timeout=60) == 0


def ends(folder: Path) -> Counter[str]:
    bodies = [record.body for record in read_journal(journal_of(folder))]
    return Counter(body.step for body in bodies if isinstance(body, StepEnded))


def effects(folder: Path) -> Counter[str]:
    return Counter((folder / "effects").read_text().split())


def check_the_end(folder: Path, root: Path | None = None) -> None:
    """Of the run in ``folder``, and of what it has made in ``root``, which may be another."""
    records = read_journal(journal_of(folder))
    assert records[-1].body == RunEnded(stand="finished")
    assert stand(records).states == dict.fromkeys(NEEDS, State.DONE)
    assert {p.name for p in (root or folder).glob("made-*")} == {f"made-{name}" for name in NEEDS}
    done: set[str] = set()
    for record in records:
        match record.body:
            case StepStarted(step=step):
                assert step not in done, f"{step} was done and was started again"
            case StepEnded(step=step, outcome=outcome) if outcome.done:
                done.add(step)
            case _:
                pass
