"""What a person may take as done, or want once more, and what nobody may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from drkit.model.plan import Plan
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.planning.graph import build_graph
from drkit.planning.skips import skip_problems, skipped_steps
from tests.fakes import plans

PLAN = plans.plan()
GRAPH = build_graph(PLAN, RunKind.REBUILD)


def wish(plan: Plan = PLAN, **more: Any) -> Wish:
    return Wish(plan=plan, kind=RunKind.REBUILD, region="eu-central-1", **more)


def asked(done: tuple[str, ...] = (), **more: Any) -> Mapping[str, str]:
    return skipped_steps(wish(**more), GRAPH, done)


def refused(**more: Any) -> dict[str, str]:
    found = skip_problems(wish(**more), GRAPH, asked(**more))
    return {problem.place: problem.message for problem in found}


def some(kind: str) -> str:
    return next(name for name, step in GRAPH.steps.items() if step.kind == kind)


def test_from_a_step_skips_what_it_needs_and_is_not_done_and_nothing_else() -> None:
    first = some("proof")
    before = GRAPH.ancestors(first)
    stack = some("stack")
    assert stack in before
    assert set(asked(first=first, reason="by hand", done=(stack,))) == before - {stack}
    assert set(asked(first=first, reason="by hand").values()) == {"by hand"}


def test_what_is_done_already_is_not_skipped() -> None:
    assert asked(skip={some("stack"): "why"}, done=(some("stack"),)) == {}


def test_a_sound_wish_has_no_problem() -> None:
    assert refused(skip={some("check"): "it is known to be red"}, again=(some("stack"),)) == {}
    assert refused(first=some("store"), reason="made by hand") == {}


@pytest.mark.parametrize("word", ["skip", "again", "first"])
def test_a_name_that_is_no_step_is_said(word: str) -> None:
    given: Any = {"skip": {"nosuch": "why"}, "again": ("nosuch",), "first": "nosuch"}[word]
    [message] = refused(**{word: given}).values()
    assert "no step of this run" in message


@pytest.mark.parametrize("kind", ["gate", "epoch", "revoke", "dns"])
def test_no_gate_and_no_part_of_the_cutover_is_skipped_or_done_again(kind: str) -> None:
    name = some(kind)
    assert f"--skip {name}" in refused(skip={name: "why"})
    assert f"--retry {name}" in refused(again=(name,))


def test_from_a_step_behind_the_cutover_is_refused_for_what_lies_before_it() -> None:
    live = next(name for name in GRAPH.steps if name.startswith("live."))
    found = refused(first=live, reason="why")
    assert {"gate", "epoch"} <= {GRAPH.steps[place.split()[-1]].kind for place in found}


def test_nothing_is_skipped_without_a_reason() -> None:
    name = some("check")
    assert "needs a reason" in refused(skip={name: " "})[f"--skip {name}"]
    assert all("needs a reason" in message for message in refused(first=some("store")).values())


def test_the_closing_of_the_old_site_is_never_skipped_on_the_quiet() -> None:
    graph = build_graph(PLAN, RunKind.REBUILD, mode=RunMode.PLANNED)
    for given in (wish(skip={"quiesce": "why"}), wish(first=some("proof"), reason="why")):
        found = list(skip_problems(given, graph, skipped_steps(given, graph, ())))
        [problem] = [one for one in found if one.place.endswith(" quiesce")]
        assert "--mode unplanned" in problem.remedy
