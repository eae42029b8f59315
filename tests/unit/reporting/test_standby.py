"""The report of a standby, and what a validation says of one that has drifted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from drkit.engine.progress import is_over
from drkit.errors import Exit
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.record import Record, RunBegan, StepEnded, StepPlanned, StepStarted
from drkit.reporting.history import beside
from drkit.reporting.proofs import proof_of
from drkit.reporting.report import report
from drkit.reporting.summary import summary
from tests.unit.reporting.journals import Records, a_standby, a_validation

FAILED = Outcome(state=State.FAILED, message="no")
SAID = "eu-central-1.g2 has drifted: network gone"
GONE = Failure(message="eu-central-1.g2 network: is gone since it was built: aws:ec2/vpc:Vpc vpc")
DRIFTED = Outcome(state=State.FAILED, message=SAID, failures=(GONE,))
WELL = Outcome(state=State.DONE, changed=0, message="eu-central-1.g2 stands as it was made")


def test_it_is_told_by_its_steps_and_has_no_process_no_clock_and_no_cost() -> None:
    made = report(a_standby())
    assert (made.exit, made.processes, made.cost, made.header.incident) == (Exit.OK, (), None, None)
    assert made.headline == "The standby stands; a rebuild goes on from there."
    assert made.critical_path == ("network", "compute", "base")
    assert not made.header.drill
    assert is_over(a_standby())


def test_a_step_that_failed_counts_and_keeps_it_open() -> None:
    records = a_standby({"base": FAILED})
    made = report(records)
    assert (made.exit, made.headline) == (Exit.STEP_FAILED, "1 step failed: base.")
    assert not is_over(records)


def test_one_that_nobody_saw_end_is_not_known() -> None:
    made = report(a_standby({"compute": None}))
    assert made.exit is Exit.UNKNOWN
    assert "compute" in made.headline


def test_it_proves_nothing() -> None:
    assert proof_of(a_standby()) is None


def test_its_line_for_a_chat_claims_no_recovery() -> None:
    said = summary(beside(report(a_standby()), ()))
    assert said.startswith("shop boutique in eu-central-1: standby took ")


def night(drift: Outcome) -> Records:
    """A validation whose last step looked at the standby."""
    began, *rest = a_validation()
    assert isinstance(began.body, RunBegan)
    step = StepPlanned(id="drift", kind="drift", needs=(), owner="sre", budget=None, processes=())
    looked = (
        StepStarted(step="drift", number=1, digest="", log="logs/drift.1.log"),
        StepEnded(step="drift", number=1, outcome=drift, elapsed=timedelta(seconds=4)),
    )
    *before, end = rest
    bodies = [Record(seq=0, at=end.at, body=body) for body in looked]
    body = replace(began.body, steps=(*began.body.steps, step))
    found = (replace(began, body=body), *before, *bodies, end)
    return tuple(replace(record, seq=seq) for seq, record in enumerate(found))


def test_a_night_whose_standby_stands_is_good() -> None:
    made = report(night(WELL))
    assert made.exit is Exit.OK
    assert "proven to come back" in made.headline


def test_a_night_whose_standby_has_drifted_is_not_and_says_what() -> None:
    made = report(night(DRIFTED))
    assert made.exit is Exit.CHECK_FAILED
    assert made.headline == f"1 check failed: drift. {SAID}."
    assert all(process.live for process in made.processes), "the copy was proven all the same"
    assert proof_of(night(DRIFTED)) is not None
    assert SAID in summary(beside(made, ()))


def test_a_standby_that_could_not_be_looked_at_is_not_known() -> None:
    assert report(night(Outcome(state=State.UNKNOWN, message="no answer"))).exit is Exit.UNKNOWN
