"""What every rendering owes: all the facts of a report, and nothing that only one of them knows."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from typing import Any

import jsonschema
import pytest

from drkit.adapters import render_html, render_json, render_junit, render_text
from drkit.model.outcome import Outcome, State
from drkit.model.step import RunMode
from drkit.reporting.report import Report, report
from tests.unit.reporting import journals
from tests.unit.reporting import test_left_behind as left_behind
from tests.unit.reporting.journals import Story, play, promise, reading
from tests.unit.reporting.test_changed_plan import after

RENDERINGS: dict[str, Callable[[Report], str]] = {
    "text": render_text.render,
    "json": render_json.render,
    "junit": render_junit.render,
    "html": render_html.render,
}

each_journal = pytest.mark.parametrize("journal", journals.ALL.values(), ids=journals.ALL.keys())
each_rendering = pytest.mark.parametrize("name", RENDERINGS)


@each_journal
@each_rendering
def test_a_rendering_names_every_step_and_process_and_the_headline(
    name: str, journal: journals.Journal
) -> None:
    made = report(journal())
    text = " ".join(html.unescape(RENDERINGS[name](made)).split())
    for word in (made.headline, made.header.run, *(s.id for s in made.steps)):
        assert word in text
    for process in made.processes:
        assert process.name in text


@each_journal
@each_rendering
def test_the_same_journal_is_rendered_the_same_twice(name: str, journal: journals.Journal) -> None:
    assert RENDERINGS[name](report(journal())) == RENDERINGS[name](report(journal()))


@each_rendering
def test_a_failure_is_rendered_with_host_task_and_message(name: str) -> None:
    text = RENDERINGS[name](report(journals.with_a_failed_playbook()))
    for word in ("back-1", "Install the unit of support", "Could not find the requested service"):
        assert word in text


@pytest.mark.parametrize("name", ["text", "json", "html"])
def test_what_is_to_be_said_of_a_stack_that_is_up_is_rendered(name: str) -> None:
    text = RENDERINGS[name](report(journals.with_a_state_brought_back()))
    assert "its state was lost and is brought back" in text
    assert "its state was lost" not in RENDERINGS[name](report(journals.undisturbed()))


@pytest.mark.parametrize("name", ["text", "json", "html"])
def test_a_clock_that_was_set_back_is_rendered(name: str) -> None:
    records = journals.undisturbed()
    back = tuple(r if r.seq < 9 else replace(r, at=r.at - timedelta(hours=2)) for r in records)
    words = '"clock_set_back_seconds": 7' if name == "json" else "set back by 1h 59m"
    assert words in RENDERINGS[name](report(back))
    assert words not in RENDERINGS[name](report(records))


@pytest.mark.parametrize("name", ["text", "html"])
def test_what_a_planned_move_has_cost_is_rendered_with_the_way_back(name: str) -> None:
    text = html.unescape(RENDERINGS[name](report(journals.a_planned_move())))
    assert "eu-west-3.g1 for" in text
    assert "restore and proof" in text
    waits = play(Story(mode=RunMode.PLANNED, incident=None, consent=None, stand="waits"))
    open_ = html.unescape(RENDERINGS[name](report(waits)))
    assert "give it back with `drkit reopen --reason WHY`" in open_
    left = html.unescape(RENDERINGS[name](report(after(waits, left_behind.left(1)))))
    assert "carry on with the run that was begun in its place" in left


@each_rendering
def test_each_lost_promise_is_rendered_with_its_ledger(name: str) -> None:
    text = RENDERINGS[name](report(journals.undisturbed()))
    for number in range(1473, 1480):
        assert f"B-{number}" in text
    assert "card-a" in text


def _schema() -> dict[str, Any]:
    text = resources.files("drkit.adapters").joinpath("report.schema.json").read_text()
    return dict(json.loads(text))


@each_journal
def test_json_keeps_the_published_schema(journal: journals.Journal) -> None:
    schema = _schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(render_json.render(report(journal()))), schema)


@pytest.mark.parametrize("records", [left_behind.OLD, left_behind.NEW], ids=["old", "new"])
def test_json_keeps_the_schema_where_a_generation_was_left(records: journals.Records) -> None:
    schema = _schema()
    jsonschema.validate(json.loads(render_json.render(report(records))), schema)


def test_the_schema_refuses_a_key_that_it_does_not_know() -> None:
    schema = _schema()
    shape = json.loads(render_json.render(report(journals.undisturbed())))
    shape["steps"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate(shape, schema)


@each_journal
def test_text_has_no_colour_unless_asked(journal: journals.Journal) -> None:
    made = report(journal())
    assert "\x1b" not in render_text.render(made)
    assert "\x1b[" in render_text.render(made, colour=True)


def test_the_last_line_of_the_text_is_the_verdict() -> None:
    made = report(journals.with_a_failed_check())
    assert render_text.render(made).splitlines()[-1] == f"{made.headline} (exit 5)"


@pytest.mark.parametrize("name", ["text", "json", "html"])
def test_a_stack_that_took_another_type_than_it_asked_for_says_so_though_it_is_done(
    name: str,
) -> None:
    said = "eu-central-1 had no room for m5.large; taken instead: app-2: m6i.large"
    ends = {"compute": Outcome(state=State.DONE, changed=8, message=said)}
    assert said in RENDERINGS[name](report(journals.play(journals.Story(ends=ends))))
    assert said not in RENDERINGS[name](report(journals.undisturbed()))


def test_what_was_lost_before_is_told_by_every_page_and_counted_by_none() -> None:
    earlier = "20260301-101500-rebuild-eu-west-3"
    old = {**promise(1, before=timedelta(days=13)), "lost_by": earlier}
    made = report(play(Story(ends={"ledger.card-a": reading("card-a", old)})))
    text = render_text.render(made, colour=False)
    assert f"before    1 order that {earlier} had lost; not counted here" in text
    page = render_html.render(made)
    assert f"not counted here: 1 order that <code>{earlier}</code> had lost" in page
    assert "nothing but what was lost before is missing, says card-a" in page
    said = json.loads(render_json.render(made))
    jsonschema.validate(said, _schema())
    assert said["lost"]["promises"] == []
    assert [each["id"] for each in said["lost"]["before"][earlier]] == ["B-1"]
