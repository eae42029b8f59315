"""The report of a validation: how long a recovery would have taken, and what it would have lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.engine.progress import is_over
from drkit.errors import Exit
from drkit.model.outcome import Outcome, State
from drkit.model.place_record import CopyRemoved
from drkit.model.record import Record
from drkit.reporting.proofs import proof_of
from drkit.reporting.recoveries import recoveries
from drkit.reporting.report import report
from drkit.reporting.verdict import Verdict
from tests.unit.reporting.journals import BEGAN, RESTORED_AT, Records, a_validation, restored

FAILED = Outcome(state=State.FAILED, message="no")


def removed(records: Records, **stays: str) -> Records:
    copy = CopyRemoved(
        generation="eu-central-1.g1",
        removed={"compute": 9},
        stays=stays,
        elapsed=timedelta(seconds=12),
    )
    last = records[-1]
    return (*records, Record(seq=last.seq + 1, at=last.at + timedelta(seconds=12), body=copy))


def test_its_clocks_run_from_its_start_to_the_proofs() -> None:
    made = report(a_validation())
    proven = {step.id: step.ended for step in made.steps if step.kind == "proof"}
    for process in made.processes:
        assert process.live
        assert process.rto is not None
        ended = proven[f"proof.{process.name}"]
        assert ended is not None
        assert process.rto.down.length == ended - BEGAN
        assert process.rto.verdict is Verdict.MET


def test_what_an_earlier_one_left_is_not_on_its_clock() -> None:
    records = a_validation()
    left = CopyRemoved(
        generation="eu-central-1.g0", removed={}, stays={}, elapsed=timedelta(seconds=9)
    )
    late = timedelta(seconds=9)
    moved = tuple(replace(r, seq=r.seq + 1, at=r.at + late) for r in records[1:])
    after = Record(seq=1, at=BEGAN + late, body=left)
    [was, *_], [now, *_] = (
        report(found).processes for found in (records, (records[0], after, *moved))
    )
    assert was.rto is not None
    assert now.rto is not None
    assert now.rto.down.length == was.rto.down.length


def test_nobody_was_without_the_shop_so_it_cost_nothing() -> None:
    made = report(a_validation())
    assert made.cost is None
    assert made.lost == ()
    assert made.exit is Exit.OK
    assert made.headline == "5 processes are proven to come back within RTO and RPO."


def test_what_would_have_been_lost_is_what_is_younger_than_the_oldest_point() -> None:
    older = restored(before=timedelta(minutes=31))
    made = report(a_validation({"images": older}))
    for process in made.processes:
        assert process.rpo is not None
        assert process.rpo.loss.achieved == timedelta(minutes=31)
    [payment] = [p.rpo for p in made.processes if p.name == "payment"]
    assert payment is not None
    # its RPO is 30 minutes, and an idle shop's newest transaction may be that old
    assert payment.verdict is Verdict.UNKNOWN
    assert made.exit is Exit.UNKNOWN


def test_a_point_that_was_archived_during_the_restore_is_held_against_its_end() -> None:
    ahead = restored(before=-timedelta(seconds=1))
    made = report(a_validation({"orders-db": ahead, "images": ahead}))
    [store] = [step for step in made.steps if step.id == "orders-db"]
    assert store.ended is not None
    for process in made.processes:
        assert process.rpo is not None
        achieved = process.rpo.loss.achieved
        assert achieved is not None
        assert achieved > timedelta(0), "not nothing, for nobody looked at that very moment"
        assert process.rpo.loss.at_most
    [support] = [p.rpo for p in made.processes if p.name == "support"]
    assert support is not None
    assert support.loss.achieved == store.ended - RESTORED_AT - timedelta(seconds=1)


@pytest.mark.parametrize("facts", [{}, {"recovery_point": "latest", "recovered_to": None}])
def test_a_store_that_does_not_say_where_it_came_back_to_leaves_it_unknown(
    facts: dict[str, object],
) -> None:
    silent = Outcome(state=State.DONE, facts=facts)
    made = report(a_validation({"orders-db": silent, "images": silent}))
    for process in made.processes:
        assert process.rpo is not None
        assert process.rpo.loss.achieved is None
        assert process.rpo.loss.reason
    assert made.exit is Exit.UNKNOWN


def test_a_process_whose_proof_failed_is_not_proven() -> None:
    made = report(a_validation({"proof.sales": FAILED}))
    assert made.exit is Exit.CHECK_FAILED
    assert made.headline == "1 check failed: proof.sales. Not proven: sales."
    assert {p.name for p in made.processes if not p.live} == {"sales"}


def test_what_stays_of_its_copy_is_an_error_with_the_list() -> None:
    made = report(removed(a_validation(), storage="the bucket is not empty"))
    assert made.exit is Exit.STEP_FAILED
    assert made.headline.endswith("Still there: eu-central-1.g1: storage.")
    whole = report(removed(a_validation()))
    assert whole.exit is Exit.OK
    assert [copy.removed for copy in whole.taken_away] == [{"compute": 9}]


def test_it_is_over_when_its_copy_is_gone_whatever_failed() -> None:
    failed = a_validation({"orders-db": FAILED})
    assert not is_over(failed)
    assert is_over(removed(failed))


def test_it_is_a_proof_of_the_site_when_every_process_was_proven() -> None:
    proof = proof_of(a_validation())
    assert proof is not None
    assert proof.run == report(a_validation()).header.run
    assert proof_of(a_validation({"proof.support": FAILED})) is None


def test_the_way_back_of_a_process_ends_with_its_proof() -> None:
    for recovery in recoveries(report(a_validation())):
        assert recovery.way[-1].id == f"proof.{recovery.name}"
        assert recovery.took == recovery.process.time_to_live
