"""The report of a run whose plan was changed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from drkit.adapters import render_text
from drkit.model.outcome import Outcome, State
from drkit.model.record import (
    Body,
    PlanChanged,
    Record,
    RunBegan,
    RunEnded,
    StepEnded,
    StepStarted,
)
from drkit.reporting.report import report
from drkit.reporting.steps import StepReport
from tests.unit.reporting import journals


def after(records: tuple[Record, ...], *bodies: Body) -> tuple[Record, ...]:
    last = records[-1]
    more = (
        Record(seq=last.seq + n, at=last.at + n * timedelta(minutes=1), body=body)
        for n, body in enumerate(bodies, start=1)
    )
    return (*records, *more)


def change(records: tuple[Record, ...], *again: str, without: str = "") -> PlanChanged:
    began = records[0].body
    assert isinstance(began, RunBegan)
    processes = began.plan["processes"]
    assert isinstance(processes, dict)
    sales = {**processes["sales"], "rto": "1m"}
    return PlanChanged(
        changes=("processes.sales.rto: was 2h, is 1m",),
        plan={**began.plan, "processes": {**processes, "sales": sales}},
        steps=tuple(step for step in began.steps if step.id != without),
        again=again,
        kept=(),
        dropped=(without,) if without else (),
        reason="the board has decided",
        operator="ana@x",
    )


def steps(records: tuple[Record, ...]) -> Mapping[str, StepReport]:
    return {step.id: step for step in report(records).steps}


def test_objectives_are_those_of_the_new_plan_and_the_change_is_told_with_its_reason() -> None:
    records = journals.undisturbed()
    made = report(after(records, change(records), RunEnded(stand="finished")))
    [sales] = [process for process in made.processes if process.name == "sales"]
    assert sales.objectives.rto == timedelta(minutes=1)
    assert made.plan != report(records).plan
    [(_, told)] = made.plan_changes
    assert told.reason == "the board has decided"
    assert "(the board has decided), by ana@x" in render_text.render(made)
    assert report(records).plan_changes == ()


def test_a_step_that_the_change_undid_waits_until_it_has_run_again() -> None:
    records = journals.undisturbed()
    name = next(step.id for step in report(records).steps if step.kind == "check")
    undone = after(records, change(records, name))
    assert steps(undone)[name].state is State.WAITING
    assert "the plan was changed" in steps(undone)[name].message
    started = StepStarted(step=name, number=2, digest="", log="")
    ended = StepEnded(
        step=name, number=2, outcome=Outcome(state=State.DONE), elapsed=timedelta(seconds=1)
    )
    assert steps(after(undone, started, ended))[name].state is State.DONE
    assert steps(after(records, change(records)))[name].state is State.DONE, "the control"


def test_a_consent_to_the_old_plan_is_listed_and_answers_no_gate_any_more() -> None:
    records = journals.undisturbed()
    [gate] = [step.id for step in report(records).steps if step.kind == "gate"]
    undone = after(records, change(records, gate))
    assert steps(records)[gate].state is State.DONE
    assert steps(undone)[gate].state is State.WAITING
    assert len(report(undone).consents) == len(report(records).consents)


def test_a_step_that_the_new_plan_does_not_have_is_in_the_report_no_more() -> None:
    records = journals.undisturbed()
    name = next(step.id for step in report(records).steps if step.kind == "check")
    dropped = change(records, without=name)
    needless = tuple(
        replace(step, needs=tuple(n for n in step.needs if n != name)) for step in dropped.steps
    )
    assert name not in steps(after(records, replace(dropped, steps=needless)))
