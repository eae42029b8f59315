"""The reports of two runs between which a generation was left behind."""

from __future__ import annotations

import json

import pytest

from drkit.adapters import render_html, render_json, render_text
from drkit.engine.progress import is_left, is_over
from drkit.model.record import GenerationLeft, RunEnded
from drkit.reporting.report import report
from tests.unit.reporting import journals
from tests.unit.reporting.test_changed_plan import after


def left(generation: int) -> GenerationLeft:
    return GenerationLeft(
        generation=f"eu-central-1.g{generation}",
        next=f"eu-central-1.g{generation + 1}",
        built_by="run-1",
        run="run-2",
        reason="the network is stuck",
        operator="ana@x",
    )


OLD = after(journals.that_waits(), RunEnded(stand="waits"), left(1))
"""These journals build generation 1."""
NEW = after(journals.that_waits(), left(0))


def test_the_run_whose_generation_was_left_is_over_and_says_so() -> None:
    assert not is_over(journals.that_waits())
    assert is_left(OLD)
    assert is_over(OLD)
    made = report(OLD)
    assert made.header.stand == "left behind"
    assert "another run builds the next generation" in made.headline
    assert "the same command" not in made.headline


def test_the_run_that_builds_in_its_place_goes_on() -> None:
    assert not is_left(NEW)
    assert not is_over(NEW)
    assert report(NEW).header.stand == "waits"


@pytest.mark.parametrize("records", [OLD, NEW], ids=["old", "new"])
def test_both_name_what_was_left_and_why(records: journals.Records) -> None:
    made = report(records)
    [(_, said)] = made.left_behind
    for text in (render_text.render(made), render_html.render(made), render_json.render(made)):
        assert said.generation in text
        assert "the network is stuck" in text
    [told] = json.loads(render_json.render(made))["left_behind"]
    assert (told["built_by"], told["run"]) == ("run-1", "run-2")
