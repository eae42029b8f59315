"""When a run is over, and when the same command carries on with it."""

from __future__ import annotations

from datetime import timedelta

from drkit.engine.progress import is_over
from drkit.model.outcome import Outcome, State
from drkit.model.record import (
    Body,
    GateAnswered,
    GateOverdue,
    ProblemAccepted,
    Record,
    RunBegan,
    StepEnded,
    StepPlanned,
    Target,
)
from drkit.model.step import RunKind
from tests.fakes.clock import START

KINDS = {
    "support": ("playbook", ()),
    "proof": ("proof", ()),
    "consent": ("gate", ("proof",)),
    "cutover.epoch": ("epoch", ("consent",)),
    "extra": ("gate", ()),
}


def run_of(*bodies: Body) -> tuple[Record, ...]:
    planned = tuple(
        StepPlanned(id=name, kind=kind, needs=needs, owner="sre", budget=None, processes=())
        for name, (kind, needs) in KINDS.items()
    )
    began = RunBegan(
        run="r",
        kind=RunKind.REBUILD,
        target=Target(shop="corner", region="eu-central-1", generation=1),
        plan={},
        steps=planned,
        versions={},
        operator="ana@x",
        serving_before=None,
    )
    return tuple(Record(seq=n, at=START, body=body) for n, body in enumerate((began, *bodies)))


def ended(step: str, state: State = State.DONE) -> StepEnded:
    return StepEnded(step=step, number=1, outcome=Outcome(state=state), elapsed=timedelta(0))


def answered(step: str, *, consent: bool = True) -> GateAnswered:
    return GateAnswered(
        step=step, person="ana", role="lead", consent=consent, comment="", signed=False
    )


ALL = (
    ended("support"),
    ended("proof"),
    answered("consent"),
    ended("cutover.epoch"),
    answered("extra"),
)


def test_a_run_is_over_when_all_is_done() -> None:
    assert is_over(run_of(*ALL))
    assert not is_over(run_of(*ALL[:-1]))


def test_a_step_that_was_left_out_keeps_its_run_open() -> None:
    """Mended by day, the same command brings it back: else that part is lost for good."""
    left_out = ProblemAccepted(
        problem="p", reason="at night", operator="ana@x", affects=("support",)
    )
    assert not is_over(run_of(*ALL[1:], left_out))


def test_a_no_before_the_cutover_ends_the_run_though_something_else_failed() -> None:
    no = answered("consent", consent=False)
    assert is_over(run_of(ended("support", State.FAILED), ended("proof"), no))


def test_silence_before_the_cutover_ends_the_run_and_an_escalation_does_not() -> None:
    silence = GateOverdue(step="consent", asks=None)
    assert is_over(run_of(ended("support", State.FAILED), ended("proof"), silence))
    brings_in = GateOverdue(step="consent", asks="dba")
    assert not is_over(run_of(ended("support"), ended("proof"), brings_in))


def test_a_no_at_another_gate_gives_up_what_waits_for_it_and_no_more() -> None:
    no = answered("extra", consent=False)
    assert is_over(run_of(*ALL[:-1], no))
    assert not is_over(run_of(*ALL[1:-1], ended("support", State.FAILED), no))
