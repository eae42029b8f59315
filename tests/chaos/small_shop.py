"""A shop of four steps, each a program that can be held before its effect and after it; the drkit
that runs them, and what they came to.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from drkit.adapters.journal_file import read_journal
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import RunEnded, StepEnded, StepStarted

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


def drkit(folder: Path, *arguments: object, **how: Any) -> subprocess.Popen[bytes]:
    """``how`` as :class:`subprocess.Popen` takes it."""
    command = [sys.executable, "-m", "tests.chaos.drkit_at_work", str(folder)]
    return subprocess.Popen([*command, *(str(argument) for argument in arguments)], **how)


def carried_on(folder: Path) -> None:
    """The same command again, to its end."""
    assert drkit(folder).wait(timeout=60) == 0


def ends(folder: Path) -> Counter[str]:
    bodies = [record.body for record in read_journal(folder / "run" / "journal.jsonl")]
    return Counter(body.step for body in bodies if isinstance(body, StepEnded))


def effects(folder: Path) -> Counter[str]:
    return Counter((folder / "effects").read_text().split())


def check_the_end(folder: Path) -> None:
    records = read_journal(folder / "run" / "journal.jsonl")
    assert records[-1].body == RunEnded(stand="finished")
    assert stand(records).states == dict.fromkeys(NEEDS, State.DONE)
    assert {p.name for p in folder.glob("made-*")} == {f"made-{name}" for name in NEEDS}
    done: set[str] = set()
    for record in records:
        match record.body:
            case StepStarted(step=step):
                assert step not in done, f"{step} was done and was started again"
            case StepEnded(step=step, outcome=outcome) if outcome.done:
                done.add(step)
            case _:
                pass
