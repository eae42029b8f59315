"""A journal in which a changed plan was accepted: how the run stands from there on."""

from __future__ import annotations

from dataclasses import replace

from drkit.engine.progress import is_over, left_out, run_of, stand
from drkit.model.outcome import Outcome, State
from drkit.model.record import Body, PlanChanged, ProblemAccepted, RunBegan, StepEnded, StepPlanned
from tests.unit.engine.test_over import ALL, answered, ended
from tests.unit.engine.test_over import run_of as run_with

NEW_PLAN = {"version": 1, "shop": "corner"}


def changed(*again: str, dropped: tuple[str, ...] = (), steps: tuple[str, ...] = ()) -> PlanChanged:
    return PlanChanged(
        changes=("x: was 1, is 2",),
        plan=NEW_PLAN,
        steps=tuple(
            StepPlanned(id=s, kind="playbook", needs=(), owner="x", budget=None, processes=())
            for s in steps
        ),
        again=again,
        kept=(),
        dropped=dropped,
        reason="why",
        operator="ana@x",
    )


def states(*bodies: Body) -> dict[str, State]:
    return dict(stand(run_with(*bodies)).states)


def test_the_run_has_the_plan_and_the_steps_of_the_last_change() -> None:
    records = run_with(*ALL, changed(steps=("a",)), changed(steps=("b",)))
    run = run_of(records)
    assert run is not None
    assert [step.id for step in run.steps] == ["b"]
    assert run.plan == NEW_PLAN
    began = records[0].body
    assert isinstance(began, RunBegan)
    assert replace(run, plan=began.plan, steps=began.steps) == began, "and all else as it began"
    assert run_of(records[:1]) == began
    assert run_of(()) is None
    assert run_of(records[1:]) is None


def test_a_step_that_is_to_run_again_is_not_done_until_it_has() -> None:
    assert "support" not in states(*ALL, changed("support"))
    assert states(*ALL, changed("support"), ended("support"))["support"] is State.DONE
    assert states(*ALL, changed())["support"] is State.DONE, "the control"


def test_a_yes_to_the_old_plan_counts_no_more() -> None:
    assert "consent" not in states(*ALL, changed("consent"))


def test_what_is_dropped_hands_nothing_on() -> None:
    """Else hosts of a stack that the plan has no more would stay in the inventory."""
    made = StepEnded(
        step="support",
        number=1,
        outcome=Outcome(state=State.DONE, facts={"hosts": {}}),
        elapsed=ended("support").elapsed,
    )
    assert "support" in stand(run_with(made)).facts
    found = stand(run_with(made, changed(dropped=("support",))))
    assert "support" not in found.facts
    assert "support" not in found.states


def test_a_run_is_over_by_the_steps_of_its_new_plan() -> None:
    assert not is_over(run_with(*ALL, changed(steps=("support", "more"))))
    assert is_over(run_with(*ALL, changed(steps=("support", "more")), ended("more")))
    assert is_over(run_with(*ALL[1:], changed(steps=("proof",)))), "support is wanted no more"


def test_a_no_to_the_old_plan_gives_up_nothing_of_the_new_one() -> None:
    no = answered("extra", consent=False)
    assert is_over(run_with(*ALL[:-1], no))
    undone = changed("extra", steps=("support", "extra"))
    assert not is_over(run_with(*ALL[:-1], no, undone))


def test_a_problem_that_is_accepted_leaves_out_a_step_that_was_done_under_the_old_plan() -> None:
    accepted = ProblemAccepted(problem="p", reason="r", operator="o", affects=("support",))
    assert left_out(run_with(ended("support"), accepted)) == {}
    assert set(left_out(run_with(ended("support"), changed("support"), accepted))) == {"support"}
