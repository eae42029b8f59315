"""What a validation lacks to act on nobody is said before anything is built, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.model.plan import Plan, Provider
from drkit.model.step import RunKind
from drkit.planning.problems import run_problems
from tests.fakes import plans

ANSWERED = Provider(name="card-a", endpoint="https://a.example", drill=Path("checks/a.py"))
SILENT = Provider(name="card-b", endpoint="https://b.example")


def found(plan: Plan, kind: RunKind, *missing: str) -> dict[str, str]:
    """Place of each problem → what is said, and what to do."""
    problems = run_problems(
        plan,
        exists=lambda path: str(path) not in missing,
        region="eu-central-1",
        mode=None,
        kind=kind,
    )
    return {problem.place: f"{problem.message} ({problem.remedy})" for problem in problems}


def test_a_provider_that_nobody_stands_in_for_is_a_problem_of_a_validation() -> None:
    plan = plans.plan(providers={"card-a": ANSWERED, "card-b": SILENT})
    problems = found(plan, RunKind.VALIDATE)
    assert list(problems) == ["providers.card-b.drill"]
    assert "nobody else to call" in problems["providers.card-b.drill"]
    assert "`drill: PATH`" in problems["providers.card-b.drill"]


def test_all_that_is_missing_is_said_at_once() -> None:
    plan = plans.plan(providers={"card-a": ANSWERED, "card-b": SILENT})
    problems = found(plan, RunKind.VALIDATE, "checks/a.py", "playbooks/muzzle.yml")
    assert set(problems) == {"providers.card-a.drill", "providers.card-b.drill", "muzzle"}


@pytest.mark.parametrize("kind", [RunKind.DEPLOY, RunKind.REBUILD])
def test_no_other_run_asks_for_it(kind: RunKind) -> None:
    plan = plans.plan(providers={"card-a": ANSWERED, "card-b": SILENT})
    assert found(plan, kind, "checks/a.py", "playbooks/muzzle.yml") == {}


def test_a_validation_that_has_all_of_it_has_no_problem() -> None:
    assert found(plans.plan(providers={"card-a": ANSWERED}), RunKind.VALIDATE) == {}
