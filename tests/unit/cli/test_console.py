"""What a person sees as a run goes: plain lines, and what the live table is made of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.cli.console import PlainConsole, Seen
from drkit.cli.outlook import Outlook
from drkit.model.outcome import State
from drkit.model.record import (
    GenerationLeft,
    PlanChanged,
    Record,
    RunLeft,
    RunResumed,
    StepEnded,
    StepStarted,
)
from drkit.reporting.expected import Expectations
from tests.unit.reporting import journals

RESUMED = RunResumed(operator="bo@laptop", pid=2)


def seen(*records: Record) -> Seen:
    made = Seen()
    for record in records:
        made.take(record)
    return made


def shown(capsys: pytest.CaptureFixture[str], records: tuple[Record, ...]) -> list[str]:
    console = PlainConsole(Outlook(lambda _: Expectations()))
    for record in records:
        console.recorded(record)
    captured = capsys.readouterr()
    assert captured.out == "", "stdout carries only the result"
    return captured.err.splitlines()


def test_each_event_is_one_plain_line_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, journals.undisturbed())
    assert all(line[2] == ":" and line[5] == ":" for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert "rebuild of eu-central-1.g1 begins" in lines[0]
    assert any("incident since" in line and "(source: probe)" in line for line in lines)
    assert any("✓ compute done in 11s, 3 changed" in line for line in lines)
    assert any("consent: ana (lead) consented" in line and "(not signed)" in line for line in lines)
    assert lines[-1].endswith("the run finished")


def test_a_failure_is_said_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, journals.with_a_failed_playbook())
    assert any("✗ support failed" in line and "1 of 6 tasks failed on back-1" in line
               for line in lines)  # fmt: skip


def test_a_process_waits_for_the_steps_that_are_not_done_running_ones_first() -> None:
    records = journals.undisturbed()
    begun = [r for r in records if not isinstance(r.body, StepEnded) or r.body.step == "network"]
    until = next(
        index
        for index, record in enumerate(begun)
        if isinstance(record.body, StepStarted) and record.body.step == "compute"
    )
    waiting = seen(*begun[: until + 1]).waits_for("sales")
    assert "network" not in waiting
    assert set(waiting[:2]) == {"storage", "compute"}


def test_a_process_is_back_when_its_live_proof_passes() -> None:
    made = seen(*journals.undisturbed())
    assert set(made.live_at) == set(journals.PROCESSES)
    assert made.waits_for("sales") == []
    assert made.rto("payment") == timedelta(hours=1)


def test_a_step_in_flight_when_drkit_died_is_unknown_to_the_next_and_not_running() -> None:
    records = journals.undisturbed()
    until = next(i for i, r in enumerate(records) if isinstance(r.body, StepStarted))
    begun = records[: until + 1]
    step = begun[-1].body
    assert isinstance(step, StepStarted)
    again = Record(seq=len(begun), at=begun[-1].at, body=RESUMED)
    assert seen(*begun).states[step.step] is State.RUNNING
    assert seen(*begun, again).states[step.step] is State.UNKNOWN


def changed(*again: str, processes: object) -> PlanChanged:
    return PlanChanged(
        changes=("processes.sales.rto: was 2h, is 3h",),
        plan={"processes": processes},
        steps=(),
        again=again,
        kept=("network",),
        dropped=(),
        reason="the board said so",
        operator="ana@x",
    )


def test_a_change_of_the_plan_is_said_and_shown_from_then_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = journals.undisturbed()
    body = changed("live.sales", processes={"sales": {"rto": "3h"}})
    record = Record(seq=len(records), at=records[-1].at, body=body)
    made = seen(*records, record)
    assert made.rto("sales") == timedelta(hours=3)
    assert "live.sales" not in made.states
    assert "sales" not in made.live_at
    said = "\n".join(shown(capsys, (record,)))
    assert "the changed plan is accepted by ana@x: the board said so" in said
    assert "processes.sales.rto: was 2h, is 3h" in said
    assert "to run again: live.sales" in said
    assert "stays as it is until --retry: network" in said


def test_a_run_that_is_left_behind_is_said_with_why_and_what_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = RunLeft(run="r-1", why="its plan", changes=("a: added (1)",))
    said = "\n".join(shown(capsys, (Record(seq=1, at=journals.BEGAN, body=left),)))
    assert "r-1 is not over and is left behind: its plan" in said
    assert "a: added (1)" in said


def test_a_generation_that_is_left_is_said_with_what_takes_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = GenerationLeft(
        generation="eu-central-1.g2",
        next="eu-central-1.g3",
        built_by="r-1",
        run="r-2",
        reason="the network is stuck",
        operator="ana@x",
    )
    said = "\n".join(shown(capsys, (Record(seq=1, at=journals.BEGAN, body=left),)))
    assert "eu-central-1.g2 is left behind: the network is stuck" in said
    assert "eu-central-1.g3 is built in its place" in said


def test_a_console_that_joins_a_run_it_knows_nothing_of_says_so_quietly() -> None:
    assert Seen().waits_for("sales") == []
