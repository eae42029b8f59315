"""The question at the gate, asked of a journal on disk and of a public name in a real DNS."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.journal_file import JournalFile
from drkit.adapters.question import CutoverQuestion
from drkit.errors import JournalDamaged
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.ports import World
from tests.unit.reporting.journals import BEGAN, Story, play

TARGET = Target(shop="corner", region="eu-central-1", generation=1)


def test_it_is_of_the_runs_journal_while_the_run_still_writes_it(
    world: World, plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalFile(path, now=lambda: BEGAN) as journal:
        journal.append(*(record.body for record in play(Story(consent=None, stand=None))))
        told = CutoverQuestion(plan, TARGET, world, path).text()
    assert "eu-central-1.g1 is built. Proven: sales, orders" in told
    assert "corner.example now: no answer (corner.example has no address at 127.0.0.1" in told


def test_a_journal_that_does_not_hold_together_is_no_ground_for_a_consent(
    world: World, plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalFile(path, now=lambda: BEGAN) as journal:
        journal.append(*(record.body for record in play(Story(consent=None, stand=None))))
    path.write_bytes(path.read_bytes().replace(b"payment", b"paiment", 1))
    with pytest.raises(JournalDamaged):
        CutoverQuestion(plan, TARGET, world, path).text()
