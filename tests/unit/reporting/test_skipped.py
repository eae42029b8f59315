"""A step that a person skipped is shown as skipped, and what it would have proven is not proven."""

from __future__ import annotations

from datetime import timedelta

from drkit.errors import Exit
from drkit.model.outcome import State
from drkit.model.record import Body, Record, StepReopened, StepSkipped
from drkit.reporting.report import Report, report
from tests.unit.reporting import journals


def after(records: journals.Records, *bodies: Body) -> Report:
    """The report when a later command wrote ``bodies``, too."""
    last = records[-1]
    more = [
        Record(seq=last.seq + 1 + n, at=last.at + timedelta(seconds=1), body=body)
        for n, body in enumerate(bodies)
    ]
    return report((*records, *more))


def skip(step: str) -> StepSkipped:
    return StepSkipped(step=step, reason="it is known to be red", operator="ana@x")


def test_a_skipped_check_is_no_failure_and_no_proof() -> None:
    records = journals.with_a_failed_check()
    [failed] = [step for step in report(records).steps if step.state is State.FAILED]
    said = after(records, skip(failed.id))
    [skipped] = [step for step in said.steps if step.id == failed.id]
    assert skipped.state is State.SKIPPED
    assert skipped.message == "skipped by ana@x: it is known to be red"
    assert report(records).exit is Exit.CHECK_FAILED
    assert said.exit is not Exit.OK


def test_a_run_in_which_only_a_skip_is_wanting_is_unknown_and_says_which() -> None:
    records = journals.undisturbed()
    check = next(step.id for step in report(records).steps if step.kind == "check")
    assert report(records).exit is Exit.OK
    said = after(records, skip(check))
    assert said.exit is Exit.UNKNOWN
    assert said.headline == f"Skipped by a person, so not proven: {check}."


def test_a_skip_that_was_taken_back_is_none() -> None:
    records = journals.undisturbed()
    check = next(step.id for step in report(records).steps if step.kind == "check")
    again = StepReopened(step=check, operator="ana@x")
    [step] = [s for s in after(records, skip(check), again).steps if s.id == check]
    assert step.state is State.DONE
